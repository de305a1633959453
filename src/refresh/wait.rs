//! Waiting for a job. A look that fails says nothing about the job: it is repeated, the refresh is not.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Attendant, Options, Outcome, RefreshError, Refreshed, Refresher, Step, Under};
use crate::resource::{Luid, SiteName};
use crate::tableau::TableauError;
use crate::tableau::jobs::{Finish, ListedJob, Polled};
use crate::text::describe;

/// The pauses between looks grow by this factor, as in tableauserverclient's `wait_for_job`.
const GROWTH: f64 = 1.4;

/// The pauses between looks, up to a deadline.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
    deadline: Instant,
}

impl Pauses {
    fn new(options: &Options) -> Self {
        Self {
            next: options.first_poll,
            longest: options.longest_poll.max(options.first_poll),
            deadline: options.deadline(),
        }
    }

    /// Lets one pause pass, at least `least`; `false` when the time is over.
    pub(super) async fn pass(
        &mut self,
        least: Option<Duration>,
        attendant: &dyn Attendant,
    ) -> Result<bool, RefreshError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        attendant.pause(self.next.max(least.unwrap_or_default()).min(left)).await?;
        self.next = self.next.mul_f64(GROWTH).min(self.longest);
        Ok(true)
    }
}

impl Refresher {
    /// Waits for the end.
    pub(super) async fn wait(
        &self,
        refreshed: &mut Refreshed,
        under: Under,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<Outcome, RefreshError> {
        let mut pauses = Pauses::new(options);
        let outcome = match &under {
            Under::Job(job) => self.wait_for_job(refreshed, job, &mut pauses, attendant).await?,
            Under::Unseen(since) => self.watch(refreshed, *since, &mut pauses, attendant).await?,
        };
        let Some(outcome) = outcome else {
            match &under {
                Under::Job(_) if options.cancel_on_timeout && refreshed.is_adopted => {
                    refreshed
                        .notes
                        .push("the job was not cancelled, because somebody else started it".to_owned());
                }
                Under::Job(job) if options.cancel_on_timeout => self.cancel(refreshed, job).await,
                Under::Job(_) | Under::Unseen(_) => {}
            }
            return Ok(Outcome::GaveUp);
        };
        Ok(outcome)
    }

    /// Waits for the end of a job that is not ours, however it ends.
    pub(super) async fn wait_for_other(
        &self,
        refreshed: &Refreshed,
        job: &Luid,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Result<(), RefreshError> {
        let mut other = refreshed.beside();
        let ended = self.wait_for_job(&mut other, job, &mut Pauses::new(options), attendant).await?;
        match ended {
            None | Some(Outcome::GaveUp) => Err(RefreshError::Running),
            Some(_) => Ok(()),
        }
    }

    /// Polls to the end, or as far as it can be seen; `None` when the time is over.
    async fn wait_for_job(
        &self,
        refreshed: &mut Refreshed,
        job: &Luid,
        pauses: &mut Pauses,
        attendant: &dyn Attendant,
    ) -> Result<Option<Outcome>, RefreshError> {
        let mut least = None;
        loop {
            if !pauses.pass(least, attendant).await? {
                return Ok(None);
            }
            least = None;
            if !self.count_poll(refreshed.site(), pauses.deadline, attendant).await? {
                return Ok(None);
            }
            let polled = match self.sessions.on(refreshed.site()).await {
                Ok(session) => session.poll(job).await,
                Err(reason) => Polled::Passing { reason, wait: None },
            };
            match polled {
                Polled::Job(found) => {
                    refreshed.notes.clone_from(&found.notes);
                    if let Some(finish) = found.finish {
                        return Ok(Some(outcome(refreshed, finish)));
                    }
                    if found.ended_at.is_some() {
                        refreshed.notes.push("Tableau does not say how the job ended".to_owned());
                        return Ok(Some(Outcome::Failed));
                    }
                    attendant.step(Step::Progress(found.progress.unwrap_or(0))).await?;
                }
                // Credentials that are refused once will be refused again.
                Polled::Passing { reason: reason @ TableauError::SignInRefused { .. }, .. } => {
                    return Err(reason.into());
                }
                Polled::Passing { reason, wait } => {
                    tracing::warn!(%job, %reason, "could not ask how the job is, asking again");
                    self.sessions.forget(&reason).await;
                    least = wait;
                }
                Polled::Forbidden(reason) => {
                    tracing::warn!(
                        %reason,
                        "this user may not read jobs, which is for administrators: watching the extract instead"
                    );
                    let since = refreshed.since.unwrap_or_else(Timestamp::now);
                    return self.watch(refreshed, since, pauses, attendant).await;
                }
                Polled::Unknown(reason) => {
                    if let Some(outcome) =
                        self.outcome_in_list(refreshed, job, pauses.deadline, attendant).await?
                    {
                        return Ok(Some(outcome));
                    }
                    tracing::warn!(%job, %reason, "Tableau does not show the job, asking again");
                }
            }
        }
    }

    /// Some jobs are in the list and cannot be asked for one by one (tableau/server-client-python#1093).
    async fn outcome_in_list(
        &self,
        refreshed: &mut Refreshed,
        job: &Luid,
        deadline: Instant,
        attendant: &dyn Attendant,
    ) -> Result<Option<Outcome>, RefreshError> {
        if !self.count_poll(refreshed.site(), deadline, attendant).await? {
            return Ok(None);
        }
        let since = refreshed.started_at.unwrap_or_else(Timestamp::now);
        let since = since.saturating_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(since);
        let filter = format!("createdAt:gte:{}", since.strftime("%Y-%m-%dT%H:%M:%SZ"));
        let listed = match self.sessions.on(refreshed.site()).await {
            Ok(session) => session.refresh_jobs(&filter).await,
            Err(error) => Err(error),
        };
        if let Err(reason) = &listed {
            tracing::warn!(%reason, "could not look for the job in the list");
            self.sessions.forget(reason).await;
        }
        let status = listed.unwrap_or_default().into_iter().find(|one: &ListedJob| one.id == *job);
        Ok(match status.map(|job| job.status).as_deref() {
            Some("Success") => Some(Outcome::Succeeded),
            Some("Failed") => Some(Outcome::Failed),
            Some("Cancelled") => Some(Outcome::Cancelled),
            _ => None,
        })
    }

    async fn cancel(&self, refreshed: &mut Refreshed, job: &Luid) {
        let cancelled = match self.sessions.on(refreshed.site()).await {
            Ok(session) => session.cancel(job).await,
            Err(error) => Err(error),
        };
        refreshed.notes.push(match cancelled {
            Ok(()) => "the job was cancelled, because it took too long".to_owned(),
            Err(error) => format!("the job could not be cancelled: {error}"),
        });
    }

    /// Counts a look at a job, and waits where the budget asks for it; `false` when there is no look left before the
    /// deadline, which has passed then.
    pub(super) async fn count_poll(
        &self,
        site: &SiteName,
        deadline: Instant,
        attendant: &dyn Attendant,
    ) -> Result<bool, RefreshError> {
        loop {
            let until = match self.budget.poll(site).await {
                Ok(Ok(())) => return Ok(true),
                Ok(Err(until)) => until,
                // There may be a job under way: that it cannot be counted how often it is looked at is no failure of it.
                Err(error) => {
                    tracing::warn!(reason = describe(&error).trim_end(), "looking without counting it");
                    return Ok(true);
                }
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            tracing::warn!(%site, %until, "the looks at jobs are used up, waiting");
            attendant.pause(time_until(until).max(Duration::from_millis(1)).min(left)).await?;
        }
    }
}

/// How long until then; nothing when it is past.
pub(super) fn time_until(then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(Timestamp::now())).unwrap_or_default()
}

fn outcome(refreshed: &mut Refreshed, finish: Finish) -> Outcome {
    match finish {
        Finish::Success => Outcome::Succeeded,
        Finish::Failure => Outcome::Failed,
        Finish::Cancelled => Outcome::Cancelled,
        Finish::Other(code) => {
            refreshed.notes.push(format!("Tableau ended the job with the unknown code {code}"));
            Outcome::Failed
        }
    }
}
