//! The start: one POST, and never a second while the first may have done its work.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, Under};
use super::decide::{Event, Lookup, Lost, Next, Start};
use super::{RefreshError, Step};
use crate::resource::Luid;
use crate::retry::RetryPolicy;
use crate::tableau::jobs::Posted;
use crate::text::describe;

/// How often a lost answer's job is looked for: a job may show a little late.
const LOOKS: usize = 3;

impl Attempt<'_> {
    /// Starts the refresh, or takes up one that may have been started; `None` when another job is left alone.
    pub(super) async fn start(&mut self, is_begun: bool) -> Result<Option<Under>, RefreshError> {
        let mut known = Start::new(self.options.if_running);
        let mut next = if is_begun { Next::SearchLost(Lost::Earlier) } else { Next::Begin };
        loop {
            let event = match next {
                Next::Follow { job, is_adopted } => {
                    self.refreshed.is_adopted = is_adopted;
                    return self.follow(job).await.map(Some);
                }
                Next::Watch { is_adopted } => {
                    self.refreshed.is_adopted = is_adopted;
                    return Ok(Some(Under::Unseen));
                }
                Next::Skip => return Ok(None),
                Next::Fail(error) => return Err(error),
                Next::SearchOpen => Event::SearchedOpen(self.find_open().await?),
                Next::SearchLost(lost) => {
                    let lookup = self.search_lost(&lost).await?;
                    Event::SearchedLost(lost, lookup)
                }
                Next::AskExtract(lost) => {
                    let is_refreshed = self.is_refreshed().await.map_err(RefreshError::Unknown)?;
                    Event::AskedExtract(lost, is_refreshed)
                }
                before_the_post => {
                    self.prepare(before_the_post, &mut known).await?;
                    Event::Posted(self.post().await?)
                }
            };
            (known, next) = known.after(event);
        }
    }

    /// What comes before a POST.
    async fn prepare(&mut self, next: Next, known: &mut Start) -> Result<(), RefreshError> {
        match next {
            Next::Begin => {
                self.refreshed.luid = self.wanted.resource.luid.clone();
                let now = self.verify().await?;
                self.refreshed.since = Some(now);
                known.ready = self.options.ready_at.map(|ready| by_servers_clock(ready, now));
                known.is_resolved = self.refreshed.luid != self.wanted.resource.luid;
                if self.wanted.incremental && !self.session().await?.knows_incremental() {
                    return Err(RefreshError::NotIncremental);
                }
            }
            Next::Resolve => self.resolve_live(None).await?,
            Next::WaitFor(job) => {
                tracing::info!(%job, "a running job began before the data was ready; waiting for its end");
                self.wait_for_other(&job).await?;
            }
            Next::PostAfter(wait) => {
                let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                let until = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
                self.attendant.delay(until, "Tableau limits the rate").await?;
            }
            _ => self.attendant.pause(self.options.first_poll).await?,
        }
        Ok(())
    }

    /// One POST, counted against the budget and announced before it is sent.
    async fn post(&mut self) -> Result<Posted, RefreshError> {
        let budget = self.refresher.budget();
        let counted = loop {
            match budget.start(self.site()).await? {
                Ok(counted) => break counted,
                Err(until) => self.attendant.delay(until, "the budget of the site is used up").await?,
            }
        };
        self.attendant.step(Step::Starting { luid: &self.refreshed.luid, since: self.since() }).await?;
        self.refreshed.started_at = Some(Timestamp::now());
        let session = self.session().await?;
        let posted =
            session.start_refresh(self.key().kind, &self.refreshed.luid, self.wanted.incremental).await;
        drop(session);
        // Whatever was started is started: what cannot be noted about it is no failure of the refresh.
        if let Err(error) = budget.settle(counted).await {
            tracing::warn!(reason = describe(&error).trim_end(), "the start may be counted too early");
        }
        Ok(posted)
    }

    async fn follow(&mut self, job: Luid) -> Result<Under, RefreshError> {
        self.refreshed.job = Some(job.clone());
        self.attendant.step(Step::Running { luid: &self.refreshed.luid, job: &job }).await?;
        Ok(Under::Job(job))
    }

    /// Looks for the job that a POST without an answer may have started.
    async fn search_lost(&self, lost: &Lost) -> Result<Lookup, RefreshError> {
        if let Lost::Now(reason) = lost {
            tracing::warn!(%reason, "the answer to the start was lost; looking for the job");
        }
        let policy = RetryPolicy::new(LOOKS, self.options.first_poll).up_to(Duration::from_secs(10));
        // Not `policy.run`: the pauses are the attendant's, who may end the refresh there.
        let mut pauses = policy.pauses();
        loop {
            let pause = pauses.next();
            match (self.find_since(self.since()).await, pause) {
                (Ok(Lookup::None), Some(_)) => {}
                (Err(RefreshError::Tableau(error)), None) => return Err(RefreshError::Unknown(error)),
                (Err(RefreshError::Tableau(error)), Some(_)) => {
                    tracing::warn!(reason = %error, "could not look for the job");
                    self.forget(&error).await;
                }
                (result, _) => return result,
            }
            self.attendant.pause(pause.unwrap_or_default()).await?;
        }
    }
}

/// A moment by the server's clock, of which `now` was read just now.
fn by_servers_clock(ours: Timestamp, now: Timestamp) -> Timestamp {
    now.saturating_sub(Timestamp::now().duration_since(ours)).unwrap_or(now)
}
