//! Refresh jobs: pending, running, done; nothing ticks, a job's state follows from its age.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::world::Kind;

/// What becomes of a refresh job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// How long it waits in the queue.
    pub pending: Duration,
    /// How long it runs then.
    pub running: Duration,
    /// How it ends.
    pub outcome: Outcome,
}

impl Default for JobPlan {
    fn default() -> Self {
        Self {
            pending: Duration::from_millis(50),
            running: Duration::from_millis(150),
            outcome: Outcome::Success,
        }
    }
}

/// How a job ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// `finishCode` 0.
    Success,
    /// `finishCode` 1, with this note.
    Failure(String),
    /// `finishCode` 2, as if somebody had cancelled it.
    Cancelled,
    /// `finishCode` 0 as soon as it starts, which only hands it over to Tableau Bridge, then 3: Bridge has completed it.
    CompletedByBridge,
    /// The same, and then 1, with this note.
    FailedByBridge(String),
}

/// The state of a job at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    Cancelled,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A refresh job as it stands, with all that a test wants to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartedJob {
    /// Its id.
    pub luid: String,
    /// Workbook or data source.
    pub kind: Kind,
    /// The LUID of what it refreshes.
    pub resource: String,
    /// `Pending`, `InProgress`, `Success`, `Failed` or `Cancelled`.
    pub status: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) luid: String,
    /// LUID of the site.
    pub(crate) site: String,
    pub(crate) kind: Kind,
    /// LUID of the workbook or data source.
    pub(crate) resource: String,
    pub(crate) name: String,
    plan: JobPlan,
    created: Timestamp,
    since: Instant,
    cancelled: Option<Duration>,
    /// Whether its resource already shows that it was refreshed.
    shown: bool,
}

/// All jobs there ever were.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) plan: JobPlan,
    all: Vec<Job>,
}

impl Jobs {
    pub(crate) fn new(plan: JobPlan) -> Self {
        Self { plan, all: Vec::new() }
    }

    /// Queues a refresh, by the plan of this moment.
    pub(crate) fn start(&mut self, luid: String, site: &str, kind: Kind, resource: &str, name: &str) -> &Job {
        let at = self.all.len();
        self.all.push(Job {
            luid,
            site: site.to_owned(),
            kind,
            resource: resource.to_owned(),
            name: name.to_owned(),
            plan: self.plan.clone(),
            created: Timestamp::now(),
            since: Instant::now(),
            cancelled: None,
            shown: false,
        });
        &self.all[at]
    }

    /// Whether a job for the resource has not ended yet.
    pub(crate) fn is_open(&self, site: &str, kind: Kind, resource: &str) -> bool {
        self.on(site).any(|job| job.kind == kind && job.resource == resource && job.ended().is_none())
    }

    /// How many refreshes were started on a site within the last `period`.
    pub(crate) fn started_within(&self, site: &str, period: Duration) -> usize {
        self.on(site).filter(|job| job.since.elapsed() < period).count()
    }

    /// The jobs that have succeeded since this was asked last, each once.
    pub(crate) fn newly_succeeded(&mut self) -> Vec<Job> {
        let done = self.all.iter_mut().filter(|job| !job.shown && job.status() == Status::Success);
        done.map(|job| {
            job.shown = true;
            job.clone()
        })
        .collect()
    }

    /// All jobs of all sites, oldest first.
    pub(crate) fn started(&self) -> Vec<StartedJob> {
        let started = self.all.iter().map(|job| StartedJob {
            luid: job.luid.clone(),
            kind: job.kind,
            resource: job.resource.clone(),
            status: job.status().word().to_owned(),
        });
        started.collect()
    }

    pub(crate) fn on(&self, site: &str) -> impl Iterator<Item = &Job> {
        self.all.iter().filter(move |job| job.site == site)
    }

    pub(crate) fn find(&mut self, site: &str, luid: &str) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.site == site && job.luid == luid)
    }
}

impl Job {
    /// Ends an open job; one that has ended stays as it is.
    pub(crate) fn cancel(&mut self) {
        if self.ended().is_none() {
            self.cancelled = Some(self.since.elapsed());
        }
    }

    pub(crate) fn status(&self) -> Status {
        if self.cancelled.is_some() {
            return Status::Cancelled;
        }
        match (self.started(), self.ended(), &self.plan.outcome) {
            (None, _, _) => Status::Pending,
            (Some(_), None, _) => Status::InProgress,
            (_, _, Outcome::Success | Outcome::CompletedByBridge) => Status::Success,
            (_, _, Outcome::Failure(_) | Outcome::FailedByBridge(_)) => Status::Failed,
            (_, _, Outcome::Cancelled) => Status::Cancelled,
        }
    }

    /// Absent while the job has not ended, but for one that Bridge works at.
    pub(crate) fn finish_code(&self) -> Option<&'static str> {
        if self.ended().is_none() {
            let is_at_bridge =
                matches!(self.plan.outcome, Outcome::CompletedByBridge | Outcome::FailedByBridge(_));
            return self.started().filter(|_| is_at_bridge).map(|_| "0");
        }
        Some(match (&self.cancelled, &self.plan.outcome) {
            (Some(_), _) | (None, Outcome::Cancelled) => "2",
            (None, Outcome::Success) => "0",
            (None, Outcome::Failure(_) | Outcome::FailedByBridge(_)) => "1",
            (None, Outcome::CompletedByBridge) => "3",
        })
    }

    /// What the job says about its failure.
    pub(crate) fn note(&self) -> Option<&str> {
        match &self.plan.outcome {
            Outcome::Failure(note) | Outcome::FailedByBridge(note) if self.finish_code() == Some("1") => {
                Some(note)
            }
            _ => None,
        }
    }

    /// How far it is, in per cent.
    pub(crate) fn progress(&self) -> u8 {
        match self.status() {
            Status::Pending => 0,
            Status::InProgress => 50,
            _ => 100,
        }
    }

    pub(crate) fn created_at(&self) -> String {
        self.at(Duration::ZERO)
    }

    pub(crate) fn started_at(&self) -> Option<String> {
        self.started().map(|after| self.at(after))
    }

    pub(crate) fn ended_at(&self) -> Option<String> {
        self.ended().map(|after| self.at(after))
    }

    fn started(&self) -> Option<Duration> {
        let start = self.plan.pending;
        let reached =
            self.since.elapsed() >= start && self.cancelled.is_none_or(|cancelled| cancelled >= start);
        reached.then_some(start)
    }

    fn ended(&self) -> Option<Duration> {
        let end = self.plan.pending.saturating_add(self.plan.running);
        self.cancelled.or_else(|| (self.since.elapsed() >= end).then_some(end))
    }

    fn at(&self, after: Duration) -> String {
        let after = SignedDuration::try_from(after).unwrap_or_default();
        let time = self.created.saturating_add(after).unwrap_or(self.created);
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
