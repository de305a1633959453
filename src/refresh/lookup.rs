//! Which job refreshes a resource. Neither 409093 nor a lost answer says so, and the list of jobs shows names only.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Attendant, Options, RefreshError, Refreshed, Refresher};
use crate::resource::Luid;
use crate::tableau::jobs::{Job, ListedJob, Polled};

/// The most jobs that are looked at one by one.
const MOST_LOOKED_AT: usize = 50;
/// How often a job is asked for in all, where the answer fails in passing.
const MOST_ASKED: u32 = 5;

/// What looking for a job came to.
#[derive(Debug)]
pub(super) enum Lookup {
    Found(Box<Job>),
    /// There is none.
    None,
    /// This user may not read jobs.
    Forbidden,
}

impl Refresher {
    /// The job for the resource that waits or runs.
    pub(super) async fn find_open(
        &self,
        refreshed: &Refreshed,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Lookup, RefreshError> {
        for status in ["InProgress", "Pending"] {
            match self.find(refreshed, &format!("status:eq:{status}"), options, attendant).await? {
                Lookup::None => {}
                found => return Ok(found),
            }
        }
        Ok(Lookup::None)
    }

    /// The job for the resource that was queued since then, by the server's clock.
    pub(super) async fn find_since(
        &self,
        refreshed: &Refreshed,
        since: Timestamp,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Lookup, RefreshError> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        self.find(refreshed, &format!("createdAt:gte:{since}"), options, attendant).await
    }

    async fn find(
        &self,
        refreshed: &Refreshed,
        filter: &str,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Lookup, RefreshError> {
        let deadline = options.deadline();
        self.count_lookup(refreshed, deadline, attendant).await?;
        let listed = self.sessions.on(refreshed.site()).await?.refresh_jobs(filter).await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) if error.has_code("403000") || error.has_code("403004") => {
                return Ok(Lookup::Forbidden);
            }
            Err(error) => return Err(error.into()),
        };
        let named = |job: &ListedJob| job.title == refreshed.key().name;
        let (likely, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(named);
        for job in likely.into_iter().chain(others).take(MOST_LOOKED_AT) {
            match self.ask(refreshed, &job.id, options.first_poll, deadline, attendant).await? {
                Polled::Job(found) if found.resource.as_ref() == Some(&refreshed.luid) => {
                    return Ok(Lookup::Found(Box::new(found)));
                }
                Polled::Job(_) | Polled::Unknown(_) => {}
                Polled::Passing { reason, .. } => return Err(reason.into()),
                Polled::Forbidden(_) => return Ok(Lookup::Forbidden),
            }
        }
        Ok(Lookup::None)
    }

    /// How a job is; asked again where the answer fails in passing, which says nothing about the job.
    async fn ask(
        &self,
        refreshed: &Refreshed,
        job: &Luid,
        mut pause: Duration,
        deadline: Instant,
        attendant: &dyn Attendant,
    ) -> Result<Polled, RefreshError> {
        let mut asked = 0;
        loop {
            self.count_lookup(refreshed, deadline, attendant).await?;
            let polled = self.sessions.on(refreshed.site()).await?.poll(job).await;
            asked += 1;
            let Polled::Passing { reason, wait } = polled else { return Ok(polled) };
            let wait = wait.unwrap_or_default().max(pause);
            if asked >= MOST_ASKED || wait > deadline.saturating_duration_since(Instant::now()) {
                return Err(reason.into());
            }
            tracing::warn!(%job, %reason, "could not ask whose the job is, asking again");
            self.sessions.forget(&reason).await;
            attendant.pause(wait).await?;
            pause = pause.saturating_mul(2);
        }
    }

    async fn count_lookup(
        &self,
        refreshed: &Refreshed,
        deadline: Instant,
        attendant: &dyn Attendant,
    ) -> Result<(), RefreshError> {
        let has_look = self.count_poll(refreshed.site(), deadline, attendant).await?;
        if has_look { Ok(()) } else { Err(RefreshError::OutOfLooks) }
    }
}
