//! Waiting for a job. A look that fails says nothing about the job: it is repeated, the refresh is not.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, Under};
use super::decide::{Sight, sight};
use super::lookup::created_since;
use super::{Attendant, Options, RefreshError, RefreshOutcome, Refreshed, Step};
use crate::resource::Luid;
use crate::tableau::jobs::{ListedJob, Polled, Question};
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

impl Attempt<'_> {
    /// Waits for the end.
    pub(super) async fn wait(&mut self, under: Under) -> Result<RefreshOutcome, RefreshError> {
        let mut pauses = Pauses::new(self.options);
        let outcome = match &under {
            Under::Job(job) => self.wait_for_job(job, &mut pauses).await?,
            Under::Unseen => self.watch(&mut pauses).await?,
        };
        if let (None, Under::Job(job), true) = (outcome, &under, self.options.cancel_on_timeout) {
            let note = if self.refreshed.is_adopted {
                "the job was not cancelled, because somebody else started it".to_owned()
            } else {
                self.cancel(job).await
            };
            self.refreshed.notes.push(note);
        }
        Ok(outcome.unwrap_or(RefreshOutcome::GaveUp))
    }

    /// Waits for the end of a job that is not ours, however it ends.
    pub(super) async fn wait_for_other(&self, job: &Luid) -> Result<(), RefreshError> {
        let (mapped, luid, since) =
            (self.refreshed.mapped.clone(), self.refreshed.luid.clone(), self.refreshed.since);
        let refreshed = Refreshed { luid, since, ..Refreshed::of(mapped) };
        let mut other = Attempt { refreshed, ..*self };
        match other.wait_for_job(job, &mut Pauses::new(self.options)).await? {
            None | Some(RefreshOutcome::GaveUp) => Err(RefreshError::Running),
            Some(_) => Ok(()),
        }
    }

    /// Polls to the end, or as far as it can be seen; `None` when the time is over.
    async fn wait_for_job(
        &mut self,
        job: &Luid,
        pauses: &mut Pauses,
    ) -> Result<Option<RefreshOutcome>, RefreshError> {
        let mut least = None;
        let mut is_at_bridge = false;
        while pauses.pass(least.take(), self.attendant).await? && self.count_poll(pauses.deadline).await? {
            let polled = match self.session().await {
                Ok(session) => session.ask(&Question::job(job)).await,
                Err(reason) => Polled::Passing { reason, wait: None },
            };
            if let Polled::Told(found) = &polled {
                self.refreshed.notes.clone_from(&found.notes);
                is_at_bridge = found.is_at_bridge;
            }
            match sight(polled) {
                Sight::Ended(outcome, note) => {
                    self.refreshed.notes.extend(note);
                    return Ok(Some(outcome));
                }
                Sight::Under(percent) => self.attendant.step(Step::Progress(percent)).await?,
                Sight::Fail(reason) => return Err(reason.into()),
                Sight::Nothing(reason, wait) => {
                    tracing::warn!(%job, %reason, "could not ask for the status of the job; retrying");
                    self.forget(&reason).await;
                    least = wait;
                }
                Sight::Watch(reason) => {
                    tracing::warn!(
                        %reason,
                        "this user may not read jobs (only administrators may); watching the extract instead"
                    );
                    return self.watch(pauses).await;
                }
                Sight::SearchList(reason) => {
                    if let Some(outcome) = self.outcome_in_list(job, pauses.deadline).await? {
                        return Ok(Some(outcome));
                    }
                    tracing::warn!(%job, %reason, "Tableau does not find the job; retrying");
                }
            }
        }
        if is_at_bridge {
            let note = "the job was handed to Tableau Bridge, whose client has not completed it";
            self.refreshed.notes.push(note.to_owned());
        }
        Ok(None)
    }

    /// Some jobs are in the list and cannot be asked for one by one (tableau/server-client-python#1093).
    async fn outcome_in_list(
        &self,
        job: &Luid,
        deadline: Instant,
    ) -> Result<Option<RefreshOutcome>, RefreshError> {
        let since = self.refreshed.started_at.unwrap_or_else(Timestamp::now);
        let since = since.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(since);
        let listed = match self.list(&created_since(since), deadline).await {
            Ok(listed) => listed,
            Err(RefreshError::Tableau(reason)) => {
                tracing::warn!(%reason, "could not look for the job in the list");
                self.forget(&reason).await;
                None
            }
            Err(RefreshError::OutOfLooks) => None,
            Err(error) => return Err(error),
        };
        let listed = listed.and_then(|listed| listed.jobs.into_iter().find(|one| one.id == *job));
        // A success without an end was only handed to Tableau Bridge.
        let is_over = |job: &ListedJob| job.ended_at.is_some() || job.status != "Success";
        Ok(match listed.filter(is_over).map(|job| job.status).as_deref() {
            Some("Success") => Some(RefreshOutcome::Succeeded),
            Some("Failed") => Some(RefreshOutcome::Failed),
            Some("Cancelled") => Some(RefreshOutcome::Cancelled),
            _ => None,
        })
    }

    /// Cancels the job, and answers what came of it.
    async fn cancel(&self, job: &Luid) -> String {
        let cancelled = match self.session().await {
            Ok(session) => session.cancel(job).await,
            Err(error) => Err(error),
        };
        match cancelled {
            Ok(()) => "the job was cancelled, because it took too long".to_owned(),
            Err(error) => format!("the job could not be cancelled: {error}"),
        }
    }

    /// Counts a look at a job, and waits where the budget asks for it; `false` when there is no look left before the
    /// deadline, which has passed then.
    pub(super) async fn count_poll(&self, deadline: Instant) -> Result<bool, RefreshError> {
        let site = self.site();
        loop {
            let until = match self.refresher.budget().poll(site).await {
                Ok(Ok(())) => return Ok(true),
                Ok(Err(until)) => until,
                // There may be a job under way: that it cannot be counted how often it is looked at is no failure of it.
                Err(error) => {
                    tracing::warn!(
                        reason = describe(&error).trim_end(),
                        "could not count this status request; continuing"
                    );
                    return Ok(true);
                }
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            tracing::warn!(%site, %until, "the budget of status requests is used up; waiting");
            self.attendant.pause(time_until(until).max(Duration::from_millis(1)).min(left)).await?;
        }
    }
}

/// How long until then; nothing when it is past.
pub(super) fn time_until(then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(Timestamp::now())).unwrap_or_default()
}
