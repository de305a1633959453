//! All that changes while the server runs, behind one lock that is never held across an await.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::change::{Change, NotFound};
use crate::faults::{Endpoint, Faults};
use crate::index::Index;
use crate::jobs::Jobs;
use crate::options::Options;
use crate::random::Random;
use crate::sessions::Sessions;
use crate::world::{Item, Kind, World};

/// A request that arrived, the control API's own excepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// What it asked for.
    pub endpoint: Endpoint,
    /// `GET`, `POST` …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As it came, without the question mark; empty when there is none.
    pub query: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// All headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; empty when there is none.
    pub body: String,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) index: Index,
    pub(crate) sessions: Sessions,
    pub(crate) jobs: Jobs,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<Request>,
    /// Of the bodies of all answers since the requests were forgotten.
    pub(crate) bytes_answered: u64,
    pub(crate) latency: Duration,
    /// For tokens and job ids, apart from the world's, so that who signs in changes no LUID.
    pub(crate) random: Random,
}

impl State {
    pub(crate) fn new(options: &Options) -> Self {
        let world = World::new(&options.content, &options.username);
        Self {
            index: Index::new(&world, options.index),
            sessions: Sessions::new(options.idle_timeout),
            jobs: Jobs::new(options.jobs.clone()),
            faults: Faults::default(),
            requests: Vec::new(),
            bytes_answered: 0,
            latency: options.latency,
            random: Random::new(!options.content.seed),
            world,
        }
    }

    /// Changes the content; the index learns of it by its mode.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<Option<String>, NotFound> {
        let done = self.world.apply(change)?;
        self.index.note(&self.world, done.stale);
        Ok(done.luid)
    }

    /// The truth about a site, as far as REST shows it.
    pub(crate) fn items(&self, content_url: &str, base: &str) -> Result<Vec<Item>, NotFound> {
        let site = &self.world.sites[self.world.position(content_url)?];
        let resources = [Kind::Workbook, Kind::Datasource].into_iter().flat_map(|kind| site.listed(kind));
        Ok(resources.map(|resource| site.item(resource, base)).collect())
    }
}

/// What every request handler and the library share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// The address of this server, without a trailing slash.
    pub(crate) base: String,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(options: Options, base: String) -> Self {
        let state = Mutex::new(State::new(&options));
        Self { options, base, state }
    }

    /// The state. A thread that panicked with the lock in its hand leaves it usable: a failing test must not
    /// take the server's answers from the others.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
