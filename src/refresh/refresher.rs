//! What the refreshes of one server share: sessions, budget, and a listing that was made a moment ago.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::budget::Budget;
use super::error::RefreshError;
use super::sessions::Sessions;
use crate::resource::{Resource, SiteName};
use crate::source::witness::{Witness, witness};

/// How long a listing serves the other refreshes of a run that found the map stale too.
const LISTING_LIFE: Duration = Duration::from_secs(10);

/// A site as REST listed it a moment ago.
#[derive(Debug)]
struct Live {
    listed: Instant,
    resources: Arc<Vec<Resource>>,
}

/// Refreshes resources of one server.
#[derive(Debug)]
pub struct Refresher {
    pub(super) sessions: Sessions,
    budget: Budget,
    live: Mutex<HashMap<SiteName, Live>>,
}

impl Refresher {
    /// Signs in when it must.
    #[must_use]
    pub fn new(sessions: Sessions, budget: Budget) -> Self {
        Self { sessions, budget, live: Mutex::default() }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> String {
        self.sessions.server()
    }

    /// The budget that it keeps to.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Ends the session.
    pub async fn close(&self) {
        self.sessions.close().await;
    }

    /// All that is on the site now, listed a moment ago at most.
    pub(super) async fn live(&self, site: &SiteName) -> Result<Arc<Vec<Resource>>, RefreshError> {
        // Held while listing: others that need it wait for this listing instead of making their own.
        let mut live = self.live.lock().await;
        if let Some(live) = live.get(site).filter(|live| live.listed.elapsed() < LISTING_LIFE) {
            return Ok(Arc::clone(&live.resources));
        }
        let mut witness = witness(&*self.sessions.on(site).await?).await?;
        // What could not be listed might be what was meant.
        if let Some(failure) = witness.failures.pop() {
            return Err(failure.into());
        }
        let resources = Arc::new(resources(site, witness));
        live.insert(site.clone(), Live { listed: Instant::now(), resources: Arc::clone(&resources) });
        Ok(resources)
    }
}

fn resources(site: &SiteName, witness: Witness) -> Vec<Resource> {
    let Witness { listings, projects, failures: _ } = witness;
    let mut resources = Vec::new();
    for (kind, listing) in listings {
        // What is in a Personal Space is not in the map either.
        let entries = listing.entries.into_iter();
        resources.extend(entries.filter_map(|entry| entry.into_resource(site, kind, &projects)));
    }
    resources
}
