//! The worker: takes what is due from the queue and refreshes it, so that each accepted delivery is answered by one
//! refresh, also when the process dies in between.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::metrics::End;
use super::queue::Due;
use super::server::Server;
use crate::refresh::ledger::LedgerError;
use crate::refresh::{Attendant, Options, RefreshError, RefreshOutcome, Refreshed, Step, Wanted};
use crate::resolve::ResolveError;
use crate::resource::Resource;
use crate::store::StoreError;
use crate::text::describe;

/// How often the queue is looked at without being called: `--retry` puts things there from another process.
const LOOK: Duration = Duration::from_secs(1);
/// How old the map may be that a target is looked up in.
const MAP_AGE: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How long refreshes may take to come to a stop between two steps.
const LAST_STEPS: Duration = Duration::from_secs(5);
/// What is long past is forgotten this often.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// Works until `stop` turns true. What is under way then stays in the queue, and is taken up again by the next process.
pub async fn work(server: Arc<Server>, mut stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    let mut active: HashMap<i64, String> = HashMap::new();
    let mut forget = tokio::time::interval(FORGET);
    while !*stop.borrow() {
        match server.queue.due().await {
            Ok(due) => {
                for due in due {
                    let target = due.target.to_string();
                    let is_full = active.len() >= server.max_parallel;
                    // One refresh of a target after the other: the second is there because the first began too early.
                    let is_active = active.contains_key(&due.id) || active.values().any(|one| *one == target);
                    if is_full || is_active {
                        continue;
                    }
                    active.insert(due.id, target);
                    let (server, stop) = (Arc::clone(&server), stop.clone());
                    tasks.spawn(async move {
                        let id = due.id;
                        if let Err(error) = attempt(&server, due, stop).await {
                            tracing::error!(
                                refresh = id,
                                reason = describe(&error).trim_end(),
                                "the queue failed"
                            );
                        }
                        id
                    });
                }
            }
            Err(error) => tracing::error!(reason = describe(&error).trim_end(), "the queue cannot be read"),
        }
        tokio::select! {
            Some(done) = tasks.join_next(), if !tasks.is_empty() => match done {
                Ok(id) => drop(active.remove(&id)),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            () = server.wake.notified(), if active.len() < server.max_parallel => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = forget.tick() => {
                if let Err(error) = server.queue.forget().await {
                    tracing::warn!(reason = %error, "could not delete old entries of the queue");
                }
            }
            _ = stop.changed() => {}
        }
    }
    // A wait that Tableau asks for may be long: what does not come to a stop is cut, as a power cut would do it.
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_STEPS, ended).await.is_err() {
        tasks.shutdown().await;
    }
}

async fn attempt(server: &Server, due: Due, stop: watch::Receiver<bool>) -> Result<(), LedgerError> {
    let id = due.id;
    let wanted = match find(server, &due).await {
        Ok(wanted) => wanted,
        // No wait makes it this server's.
        Err(error @ ResolveError::Store(StoreError::OtherServer { .. })) => {
            return give_up(server, &due, describe(&error).trim_end().to_owned()).await;
        }
        Err(error) => return give_back(server, &due, describe(&error).trim_end().to_owned()).await,
    };
    let options = Options { ready_at: Some(due.queued_at), ..server.options.clone() };
    let begun = due.begun.clone().map(|(begun, _)| begun);
    let attendant = Attending { server, id, resource: wanted.resource.clone(), stop };
    tracing::info!(refresh = id, target = %due.target, attempt = due.attempt + 1, "refreshing");
    let refreshed = server.refresher.refresh(&wanted, begun, &options, &attendant).await;
    settle(server, &due, &refreshed).await
}

/// The resource of a target; of a refresh that was begun, the one that it was begun for.
async fn find(server: &Server, due: &Due) -> Result<Wanted, ResolveError> {
    let question = server.question(&due.target)?;
    let incremental = due.target.incremental;
    if let Some((_, resource)) = &due.begun {
        // It can go on without the map, but not on another server than it was begun on.
        if let Ok(map) = server.map.load(MAP_AGE).await {
            question.refuse_map_of_other_server(&map)?;
        }
        return Ok(Wanted { question, resource: resource.clone(), incremental });
    }
    let map = server.map.load(MAP_AGE).await?;
    let resource = question.resolve_in(&map, server.map.store.as_ref()).await?;
    Ok(Wanted { question, resource, incremental })
}

async fn settle(server: &Server, due: &Due, refreshed: &Refreshed) -> Result<(), LedgerError> {
    let notes = || refreshed.notes.join("; ");
    match (&refreshed.outcome, &refreshed.error) {
        (RefreshOutcome::Succeeded | RefreshOutcome::Started | RefreshOutcome::Skipped, _) => {
            server.metrics.count_refresh(End::Succeeded);
            tracing::info!(refresh = due.id, target = %due.target, "refreshed");
            let stale = refreshed
                .is_stale
                .then(|| format!("the map is out of date: LUID {} was refreshed", refreshed.luid));
            server.queue.finish(due.id, true, stale).await
        }
        (RefreshOutcome::Failed, _) => {
            try_again(server, due, format!("the job failed: {}", notes()), true).await
        }
        (RefreshOutcome::Cancelled, _) => give_up(server, due, "the job was cancelled".to_owned()).await,
        (RefreshOutcome::GaveUp, _) => {
            give_up(server, due, format!("the job did not end in time; {}", notes())).await
        }
        (RefreshOutcome::Error, Some(RefreshError::Stopped)) => Ok(()),
        (RefreshOutcome::Error, Some(RefreshError::Deferred { until, reason })) => {
            server.metrics.count_refresh(End::Postponed);
            tracing::info!(refresh = due.id, %until, reason, "postponed");
            // Nothing was started, so it may still be joined by other deliveries.
            server.queue.wait_again(due.id, *until, due.attempt, Some(reason.clone())).await
        }
        (RefreshOutcome::Error, Some(RefreshError::Ledger(error))) => Err(error.clone()),
        (RefreshOutcome::Error, Some(error)) => {
            let message = describe(error).trim_end().to_owned();
            if !error.may_pass() {
                return give_up(server, due, message).await;
            }
            // Where a job is known, or may have been started, it goes on from there.
            let is_begun = refreshed.job.is_some() || error.may_have_started();
            try_again(server, due, message, !is_begun).await
        }
        (RefreshOutcome::Error, None) => give_up(server, due, "ended without a reason".to_owned()).await,
    }
}

async fn give_back(server: &Server, due: &Due, message: String) -> Result<(), LedgerError> {
    try_again(server, due, message, due.begun.is_none()).await
}

/// Again after a pause, until the attempts are used up.
async fn try_again(server: &Server, due: &Due, message: String, from_start: bool) -> Result<(), LedgerError> {
    let attempt = due.attempt + 1;
    if attempt >= server.attempts {
        return give_up(server, due, message).await;
    }
    server.metrics.count_refresh(End::Retried);
    let pause = server.retry_after.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
    tracing::warn!(refresh = due.id, target = %due.target, attempt, reason = message, "the refresh will be retried");
    let until = Timestamp::now()
        .saturating_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX);
    if from_start {
        server.queue.wait_again(due.id, until, attempt, Some(message)).await
    } else {
        server.queue.postpone(due.id, until, attempt, message).await
    }
}

async fn give_up(server: &Server, due: &Due, message: String) -> Result<(), LedgerError> {
    server.metrics.count_refresh(End::Failed);
    tracing::error!(refresh = due.id, target = %due.target, reason = message, "the refresh failed for good");
    server.queue.finish(due.id, false, Some(message)).await
}

/// Writes each step to the queue before it is taken.
struct Attending<'a> {
    server: &'a Server,
    id: i64,
    resource: Resource,
    stop: watch::Receiver<bool>,
}

#[async_trait]
impl Attendant for Attending<'_> {
    async fn step(&self, step: Step<'_>) -> Result<(), RefreshError> {
        let queue = &self.server.queue;
        match step {
            Step::Starting { .. } if *self.stop.borrow() => return Err(RefreshError::Stopped),
            Step::Starting { luid, since } => queue.starting(self.id, &self.resource, luid, since).await?,
            Step::Running { luid, job } => {
                // The job runs, noted or not; a process that takes the refresh up from its start finds it.
                if let Err(error) = queue.running(self.id, luid, job).await {
                    tracing::error!(refresh = self.id, %job, reason = describe(&error).trim_end(), "the job could not be recorded");
                }
            }
            Step::Progress(_) | Step::Watching => {}
        }
        Ok(())
    }

    async fn pause(&self, length: Duration) -> Result<(), RefreshError> {
        let mut stop = self.stop.clone();
        if *stop.borrow_and_update() {
            return Err(RefreshError::Stopped);
        }
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            _ = stop.changed() => Err(RefreshError::Stopped),
        }
    }

    async fn delay(&self, until: Timestamp, reason: &str) -> Result<(), RefreshError> {
        Err(RefreshError::Deferred { until, reason: reason.to_owned() })
    }
}
