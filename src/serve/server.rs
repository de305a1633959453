//! What the handlers of requests and the worker share.

use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::delivery::Secrets;
use super::map::CachedMap;
use super::metrics::Metrics;
use super::queue::Queue;
use super::settings::Rule;
use super::turned_away::TurnedAway;
use crate::refresh::target::Target;
use crate::refresh::{Options, Refresher};
use crate::resolve::{Question, ResolveError};
use crate::resource::SiteName;

/// Deliveries at once; more are asked to come again, which dbt does. Only what is signed takes a place: senders that are
/// not known yet are bounded by the connections there may be, and by the time that a body may take.
pub const MOST_DELIVERIES: usize = 256;

/// All that the handlers and the worker share.
pub struct Server {
    /// Who may deliver.
    pub secrets: Secrets,
    /// What hangs on which dbt job.
    pub rules: Vec<Rule>,
    /// What was accepted.
    pub queue: Queue,
    /// What refreshes.
    pub refresher: Refresher,
    /// How.
    pub options: Options,
    /// How many at once.
    pub max_parallel: usize,
    /// The sites that targets are looked up on that name none.
    pub sites: Vec<SiteName>,
    /// The map.
    pub map: CachedMap,
    /// How long a refresh waits for further deliveries.
    pub window: Duration,
    /// How often a refresh is tried in all.
    pub attempts: u32,
    /// The pause before the second attempt.
    pub retry_after: Duration,
    /// What has happened.
    pub metrics: Metrics,
    /// Deliveries without a signature that holds.
    pub turned_away: TurnedAway,
    /// Names that requests may use for this server where it listens on this machine alone, besides those of the machine.
    pub hosts: Vec<String>,
    /// Calls the worker.
    pub wake: Notify,
    /// Places for deliveries.
    pub places: Semaphore,
}

impl Server {
    /// The question that leads to a target, in a map of the server that refreshes.
    pub fn question(&self, target: &Target) -> Result<Question, ResolveError> {
        Ok(target.question(&self.sites)?.on_server(self.refresher.server()))
    }
}
