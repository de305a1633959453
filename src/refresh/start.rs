//! The start: one POST, and never a second while the first may have done its work.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::lookup::Lookup;
use super::{Attendant, Begun, IfRunning, Options, RefreshError, Refreshed, Refresher, Step, Under, Wanted};
use crate::resource::Luid;
use crate::tableau::TableauError;
use crate::tableau::jobs::Posted;
use crate::text::describe;

/// How often a refresh is posted in all: again after an answer that started nothing, and after a lost answer only
/// when no job can be found that it started.
const MOST_POSTS: u32 = 3;
/// How often a lost answer's job is looked for: a job may show a little late.
const LOOKS: u32 = 3;

impl Refresher {
    /// Starts the refresh, or takes up one that may have been started; `None` when another job is left alone.
    pub(super) async fn start(
        &self,
        refreshed: &mut Refreshed,
        wanted: &Wanted,
        begun: Option<Begun>,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Option<Under>, RefreshError> {
        if let Some(Begun::Starting { luid, since }) = begun {
            refreshed.luid = luid;
            refreshed.since = Some(since);
            match self.look_for_lost(refreshed, since, options, attendant).await? {
                Lookup::Found(job) => return self.running(refreshed, job.luid, attendant).await.map(Some),
                // Without a look at the jobs, a job that waits or runs still shows: as a conflict, below.
                Lookup::Forbidden if self.has_refreshed_since(refreshed, since).await? => {
                    return Ok(Some(Under::Unseen(since)));
                }
                Lookup::Forbidden | Lookup::None => {}
            }
            refreshed.luid = wanted.resource.luid.clone();
        }
        let since = self.verify(refreshed, wanted).await?;
        let ready = options.ready_at.map(|ready| by_servers_clock(ready, since));
        if wanted.incremental && !self.sessions.on(refreshed.site()).await?.knows_incremental() {
            return Err(RefreshError::NotIncremental);
        }
        let mut has_resolved = refreshed.luid != wanted.resource.luid;
        let mut posts = 0;
        // Whether a start was lost whose job may not be looked for.
        let mut is_open = false;
        loop {
            let posted = self.post(refreshed, wanted, since, attendant).await?;
            posts += 1;
            let failure = match posted {
                Posted::Started(job) => {
                    return self.running(refreshed, job.luid, attendant).await.map(Some);
                }
                Posted::AlreadyQueued => match options.if_running {
                    IfRunning::Skip if !is_open => return Ok(None),
                    IfRunning::Fail if !is_open => return Err(RefreshError::Running),
                    // As told, or because it may be the one that the lost start began.
                    _ => match self.find_open(refreshed, options, attendant).await? {
                        Lookup::Found(job) if job.started_at.is_some_and(|start| Some(start) < ready) => {
                            tracing::info!(job = %job.luid, "a job that runs already began before the data was ready");
                            self.wait_for_other(refreshed, &job.luid, options, attendant).await?;
                            posts -= 1;
                            continue;
                        }
                        Lookup::Found(job) => {
                            refreshed.is_adopted = true;
                            return self.running(refreshed, job.luid, attendant).await.map(Some);
                        }
                        Lookup::Forbidden => {
                            refreshed.is_adopted = true;
                            return Ok(Some(Under::Unseen(since)));
                        }
                        // It ended between the two calls.
                        Lookup::None => RefreshError::Elusive,
                    },
                },
                Posted::Later(wait) => {
                    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                    let until = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
                    attendant.delay(until, "Tableau limits the rate").await?;
                    posts -= 1;
                    continue;
                }
                Posted::Refused(error) if error.is_not_found() && !has_resolved => {
                    has_resolved = true;
                    self.resolve_live(refreshed, wanted).await?;
                    continue;
                }
                Posted::Refused(error @ TableauError::Unreachable { .. }) if is_open => {
                    RefreshError::Unknown(error.into())
                }
                Posted::Refused(error @ TableauError::Unreachable { .. }) => RefreshError::NotStarted(error),
                Posted::Refused(error) => return Err(RefreshError::refused(error)),
                Posted::Lost(error) => {
                    tracing::warn!(reason = %error, "the answer to the start was lost, looking for its job");
                    match self.look_for_lost(refreshed, since, options, attendant).await? {
                        Lookup::Found(job) => {
                            return self.running(refreshed, job.luid, attendant).await.map(Some);
                        }
                        Lookup::Forbidden if self.has_refreshed_since(refreshed, since).await? => {
                            return Ok(Some(Under::Unseen(since)));
                        }
                        // A job that waits or runs shows as a conflict when the start is sent again.
                        Lookup::Forbidden => {
                            is_open = true;
                            RefreshError::Unknown(error.into())
                        }
                        Lookup::None => RefreshError::NotStarted(error),
                    }
                }
            };
            if posts >= MOST_POSTS {
                return Err(failure);
            }
            attendant.pause(options.first_poll).await?;
        }
    }

    /// One POST, counted against the budget and announced before it is sent.
    async fn post(
        &self,
        refreshed: &mut Refreshed,
        wanted: &Wanted,
        since: Timestamp,
        attendant: &dyn Attendant,
    ) -> Result<Posted, RefreshError> {
        let counted = loop {
            match self.budget.start(refreshed.site()).await? {
                Ok(counted) => break counted,
                Err(until) => attendant.delay(until, "the budget of the site is used up").await?,
            }
        };
        attendant.step(Step::Starting { luid: &refreshed.luid, since }).await?;
        refreshed.started_at = Some(Timestamp::now());
        refreshed.since = Some(since);
        let session = self.sessions.on(refreshed.site()).await?;
        let kind = refreshed.key().kind;
        let posted = session.start_refresh(kind, &refreshed.luid, wanted.incremental).await;
        drop(session);
        // Whatever was started is started: what cannot be noted about it is no failure of the refresh.
        if let Err(error) = self.budget.settle(counted).await {
            tracing::warn!(reason = describe(&error).trim_end(), "the start may be counted too early");
        }
        Ok(posted)
    }

    /// Whether a start whose answer was lost, and whose job may not be read, has done its work already.
    async fn has_refreshed_since(
        &self,
        refreshed: &Refreshed,
        since: Timestamp,
    ) -> Result<bool, RefreshError> {
        self.is_refreshed_since(refreshed, since).await.map_err(RefreshError::Unknown)
    }

    async fn running(
        &self,
        refreshed: &mut Refreshed,
        job: Luid,
        attendant: &dyn Attendant,
    ) -> Result<Under, RefreshError> {
        refreshed.job = Some(job.clone());
        attendant.step(Step::Running { luid: &refreshed.luid, job: &job }).await?;
        Ok(Under::Job(job))
    }

    /// Looks for the job that a POST without an answer may have started.
    async fn look_for_lost(
        &self,
        refreshed: &Refreshed,
        since: Timestamp,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Lookup, RefreshError> {
        let mut pause = options.first_poll;
        for look in 1..=LOOKS {
            let is_last = look == LOOKS;
            match self.find_since(refreshed, since, options, attendant).await {
                Ok(Lookup::None) if is_last => break,
                Ok(Lookup::None) => {}
                Err(RefreshError::Tableau(error)) if is_last => {
                    return Err(RefreshError::Unknown(error.into()));
                }
                Err(RefreshError::Tableau(error)) => {
                    tracing::warn!(reason = %error, "could not look for the job");
                    self.sessions.forget(&error).await;
                }
                other => return other,
            }
            attendant.pause(pause).await?;
            pause = pause.saturating_mul(2).min(Duration::from_secs(10));
        }
        Ok(Lookup::None)
    }
}

/// A moment by the server's clock, of which `now` was read just now.
fn by_servers_clock(ours: Timestamp, now: Timestamp) -> Timestamp {
    now.saturating_sub(Timestamp::now().duration_since(ours)).unwrap_or(now)
}
