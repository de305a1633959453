//! Which job refreshes a resource. Neither 409093 nor a lost answer says so, and the list of jobs shows names only.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::RefreshError;
use super::attempt::Attempt;
use super::decide::Lookup;
use crate::retry::RetryPolicy;
use crate::tableau::jobs::{JobPage, ListedJob, Polled, Question};

/// The most jobs that are looked at one by one.
const MOST_LOOKED_AT: usize = 200;
/// The most pages of jobs that are read.
const MOST_PAGES: u32 = 20;
/// How often a question is asked in all, where the answer fails in passing.
const MOST_ASKED: usize = 5;
/// How far the clock that dates the answers, which may be a gateway's, may be ahead of the one that dates the jobs.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Jobs as they were listed.
pub(super) struct Listing {
    pub jobs: Vec<ListedJob>,
    /// Whether these are all.
    pub is_whole: bool,
}

impl Attempt<'_> {
    /// The job for the resource that waits or runs.
    pub(super) async fn find_open(&self) -> Result<Lookup, RefreshError> {
        let mut is_whole = true;
        for status in ["InProgress", "Pending"] {
            match self.find(&format!("status:eq:{status}"), None).await? {
                Lookup::None => {}
                Lookup::Unclear => is_whole = false,
                found => return Ok(found),
            }
        }
        Ok(if is_whole { Lookup::None } else { Lookup::Unclear })
    }

    /// The job for the resource that was queued since then, by the server's clock.
    pub(super) async fn find_since(&self, since: Timestamp) -> Result<Lookup, RefreshError> {
        let earliest = since.saturating_sub(SKEW).unwrap_or(since);
        self.find(&created_since(earliest), Some(since)).await
    }

    async fn find(&self, filter: &str, since: Option<Timestamp>) -> Result<Lookup, RefreshError> {
        let deadline = self.options.deadline();
        let Some(Listing { jobs, mut is_whole }) = self.list(filter, deadline).await? else {
            return Ok(Lookup::Forbidden);
        };
        let named = |job: &ListedJob| job.title == self.key().name;
        let (likely, others): (Vec<_>, Vec<_>) = jobs.into_iter().partition(named);
        is_whole &= likely.len() + others.len() <= MOST_LOOKED_AT;
        let mut before = None;
        for job in likely.into_iter().chain(others).take(MOST_LOOKED_AT) {
            match self.ask(&Question::job(&job.id), deadline).await? {
                Polled::Told(found) if found.resource.as_ref() == Some(&self.refreshed.luid) => {
                    let found = Box::new(found);
                    // Queued after the start by that clock too, it is the one; otherwise a later one may be.
                    if job.created_at.is_none_or(|created| since.is_none_or(|since| created >= since)) {
                        return Ok(Lookup::Found(found));
                    }
                    before = Some(found);
                }
                Polled::Told(_) => {}
                Polled::Unknown(_) => is_whole = false,
                Polled::Passing { reason, .. } => return Err(reason.into()),
                Polled::Forbidden(_) => return Ok(Lookup::Forbidden),
            }
        }
        Ok(match before {
            Some(job) => Lookup::Before(job),
            None if is_whole => Lookup::None,
            None => Lookup::Unclear,
        })
    }

    /// The refresh jobs that fit `filter`, oldest first; `None` when this user may not read jobs.
    pub(super) async fn list(
        &self,
        filter: &str,
        deadline: Instant,
    ) -> Result<Option<Listing>, RefreshError> {
        let mut jobs = Vec::new();
        for page in 1..=MOST_PAGES {
            let JobPage { jobs: more, total } =
                match self.ask(&Question::jobs(filter, page), deadline).await? {
                    Polled::Told(page) => page,
                    Polled::Forbidden(_) => return Ok(None),
                    Polled::Unknown(reason) | Polled::Passing { reason, .. } => return Err(reason.into()),
                };
            let is_last = more.is_empty();
            jobs.extend(more);
            let is_whole = total.map_or(is_last, |total| jobs.len() >= total);
            if is_whole || is_last {
                return Ok(Some(Listing { jobs, is_whole }));
            }
        }
        Ok(Some(Listing { jobs, is_whole: false }))
    }

    /// Asks about jobs, and again where the answer fails in passing, which says nothing about them. Each time counts.
    async fn ask<T: DeserializeOwned>(
        &self,
        question: &Question<T>,
        deadline: Instant,
    ) -> Result<Polled<T>, RefreshError> {
        // Not `run` of the policy: the pauses are the attendant's, who may end the refresh there.
        let mut pauses = RetryPolicy::new(MOST_ASKED, self.options.first_poll).pauses();
        loop {
            if !self.count_poll(deadline).await? {
                return Err(RefreshError::OutOfLooks);
            }
            let polled = self.session().await?.ask(question).await;
            let Polled::Passing { reason, wait } = polled else { return Ok(polled) };
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = pauses.next().map(|pause| pause.max(wait.unwrap_or_default()));
            let Some(pause) = pause.filter(|pause| *pause <= left) else { return Err(reason.into()) };
            tracing::warn!(%reason, "could not list the jobs; retrying");
            self.forget(&reason).await;
            self.attendant.pause(pause).await?;
        }
    }
}

/// The filter for jobs that were queued at that moment or later.
pub(super) fn created_since(moment: Timestamp) -> String {
    format!("createdAt:gte:{}", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
}
