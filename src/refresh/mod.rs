//! One refresh from the name to its end: find the resource, start once, wait for the job.
//!
//! 1. `current` asks REST whether the map's LUID is still the one, and resolves anew, once, where it is not.
//! 2. `start` posts once, within the [`budget`]. An answer that was lost is looked for, never sent again blindly;
//!    a job that runs already is adopted. What to do next is decided by `decide`, which is pure.
//! 3. `wait` polls the job to its end, or `watch` watches the resource where jobs may not be read.
//!
//! Who asks attends ([`Attendant`]): a command waits and shows progress, `serve` writes each step to its queue
//! before it is taken, so that a refresh can be taken up again where a process died.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::resolve::Question;
use crate::resource::{Luid, Resource};

pub use error::RefreshError;
pub use refresher::Refresher;

mod attempt;
pub mod budget;
mod current;
mod decide;
mod error;
pub mod ledger;
mod lookup;
pub mod many;
mod refresher;
pub mod sessions;
pub mod settings;
mod start;
pub mod target;
mod wait;
mod watch;

/// What to do when a refresh of the resource is already queued or running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum IfRunning {
    /// Wait for that job as if it were ours.
    #[default]
    Adopt,
    /// Leave it, and count the refresh as done.
    Skip,
    /// Leave it, and fail.
    Fail,
}

/// How to refresh.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to wait for the job.
    pub wait: bool,
    /// How long a job may take.
    pub timeout: Duration,
    /// Whether a job that takes longer is cancelled.
    pub cancel_on_timeout: bool,
    /// What a job that runs already is to us.
    pub if_running: IfRunning,
    /// When the data was ready, by our clock: a job that began to read before then is waited for and not adopted.
    pub ready_at: Option<Timestamp>,
    /// The pause before the first look at a job.
    pub first_poll: Duration,
    /// The longest pause between two looks.
    pub longest_poll: Duration,
}

impl Options {
    /// When to give up what begins now.
    fn deadline(&self) -> Instant {
        // Settings are within a year, which any clock can add.
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now)
    }
}

/// A resource to refresh, as the map knows it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What was asked.
    pub question: Question,
    /// What the map answered.
    pub resource: Resource,
    /// Whether to fetch new rows alone.
    pub incremental: bool,
}

/// Where a refresh is taken up again.
#[derive(Debug, Clone)]
pub enum Begun {
    /// The POST was about to be sent: it may have started a job since then, by the server's clock.
    Starting {
        /// The LUID that it named.
        luid: Luid,
        /// When.
        since: Timestamp,
    },
    /// The job is known.
    Running {
        /// The LUID of the resource.
        luid: Luid,
        /// The job.
        job: Luid,
        /// The server's clock before the POST.
        since: Timestamp,
    },
}

/// A step of a refresh.
#[derive(Debug)]
pub enum Step<'a> {
    /// The POST is sent next.
    Starting {
        /// The LUID that it names.
        luid: &'a Luid,
        /// Now, by the server's clock.
        since: Timestamp,
    },
    /// The refresh is this job.
    Running {
        /// The LUID of the resource.
        luid: &'a Luid,
        /// The job.
        job: &'a Luid,
    },
    /// The job is so far, in per cent.
    Progress(i64),
    /// Jobs may not be read, so the resource is watched.
    Watching,
}

/// Who asked for a refresh, and attends it.
#[async_trait]
pub trait Attendant: Send + Sync {
    /// Told of each step before it is taken. An error stops the refresh there.
    async fn step(&self, step: Step<'_>) -> Result<(), RefreshError>;

    /// Lets some time pass between two looks. An error stops the refresh there.
    async fn pause(&self, length: Duration) -> Result<(), RefreshError>;

    /// Nothing may be started before `until`. Waits, or stops the refresh by an error.
    async fn delay(&self, until: Timestamp, reason: &str) -> Result<(), RefreshError>;
}

/// How a refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshOutcome {
    /// The job succeeded.
    Succeeded,
    /// The job failed.
    Failed,
    /// Somebody cancelled the job.
    Cancelled,
    /// The job did not end in time.
    GaveUp,
    /// The job was started and not waited for.
    Started,
    /// Another job for the resource was under way, and it was to be left alone.
    Skipped,
    /// Nothing was started, or what became of it is not known.
    Error,
}

/// What became of a refresh.
#[derive(Debug)]
pub struct Refreshed {
    /// What the map said.
    pub mapped: Resource,
    /// The LUID that was refreshed; another one where the map was stale.
    pub luid: Luid,
    /// Whether the map says something else than Tableau.
    pub is_stale: bool,
    /// The job, where its id is known.
    pub job: Option<Luid>,
    /// Whether somebody else had started the job.
    pub is_adopted: bool,
    /// Whether it ended is known from the resource alone.
    pub is_watched: bool,
    /// When the POST was sent.
    pub started_at: Option<Timestamp>,
    /// The server's clock before the POST, in whole seconds.
    since: Option<Timestamp>,
    /// When the waiting ended.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: RefreshOutcome,
    /// What Tableau says about it.
    pub notes: Vec<String>,
    /// Why, where the outcome is an error.
    pub error: Option<RefreshError>,
}

impl Refreshed {
    fn of(mapped: Resource) -> Self {
        Self {
            luid: mapped.luid.clone(),
            mapped,
            is_stale: false,
            job: None,
            is_adopted: false,
            is_watched: false,
            started_at: None,
            since: None,
            finished_at: None,
            outcome: RefreshOutcome::Error,
            notes: Vec::new(),
            error: None,
        }
    }

    /// The resource that was refreshed.
    #[must_use]
    pub fn resource(&self) -> Resource {
        Resource { luid: self.luid.clone(), ..self.mapped.clone() }
    }
}
