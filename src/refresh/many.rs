//! Several refreshes at once.
//!
//! They begin in the order given. Where a site's budget is used up, its refreshes wait without taking the place of
//! another site's, and none of the same site begins meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::{Attendant, Options, RefreshError, Refreshed, Refresher, Step, Wanted};
use crate::resource::SiteName;

/// How many refreshes of each site wait until one may be started there.
type Delayed = BTreeMap<SiteName, usize>;
/// A refresh that has not begun, with its position.
type Waiting = (usize, (Wanted, Box<dyn Attendant>));

/// Refreshes all, at most `max_parallel` at a time. What has ended is in `done`, by its position.
///
/// Dropping the future ends the waiting; jobs that were started go on in Tableau.
pub async fn refresh_all(
    refresher: &Arc<Refresher>,
    wanted: Vec<(Wanted, Box<dyn Attendant>)>,
    options: &Options,
    max_parallel: usize,
    done: &mut BTreeMap<usize, Refreshed>,
) {
    let places = Arc::new(Semaphore::new(max_parallel.min(Semaphore::MAX_PERMITS)));
    let (delayed, mut is_delayed) = watch::channel(Delayed::new());
    let delayed = Arc::new(delayed);
    let mut queue: VecDeque<Waiting> = wanted.into_iter().enumerate().collect();
    let mut tasks = JoinSet::new();
    loop {
        let has_next = next(&queue, &is_delayed.borrow_and_update()).is_some();
        tokio::select! {
            Some(task) = tasks.join_next() => match task {
                Ok((position, result)) => drop(done.insert(position, result)),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            place = Arc::clone(&places).acquire_owned(), if has_next => {
                // Chosen now: whoever gave the place back may have begun to wait for the budget of its site.
                let next = next(&queue, &is_delayed.borrow());
                let Some((position, (wanted, attendant))) = next.and_then(|next| queue.remove(next)) else {
                    continue;
                };
                let (refresher, options) = (Arc::clone(refresher), options.clone());
                let attendant = OneOfMany {
                    attendant,
                    site: wanted.resource.key.site.clone(),
                    places: Arc::clone(&places),
                    // The semaphore is never closed; without it there would be no limit, and no harm either.
                    place: Mutex::new(place.ok()),
                    delayed: Arc::clone(&delayed),
                };
                tasks.spawn(async move {
                    (position, refresher.refresh(&wanted, None, &options, &attendant).await)
                });
            }
            Ok(()) = is_delayed.changed(), if !queue.is_empty() => {}
            else => break,
        }
    }
}

/// The first whose site is not waited for.
fn next(queue: &VecDeque<Waiting>, delayed: &Delayed) -> Option<usize> {
    queue.iter().position(|(_, (one, _))| !delayed.contains_key(&one.resource.key.site))
}

/// Attends a refresh that has a place (a semaphore permit), and gives the place to others while nothing may be started.
struct OneOfMany {
    attendant: Box<dyn Attendant>,
    site: SiteName,
    places: Arc<Semaphore>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    delayed: Arc<watch::Sender<Delayed>>,
}

impl OneOfMany {
    fn hold(&self, place: Option<OwnedSemaphorePermit>) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

#[async_trait]
impl Attendant for OneOfMany {
    async fn step(&self, step: Step<'_>) -> Result<(), RefreshError> {
        self.attendant.step(step).await
    }

    async fn pause(&self, length: Duration) -> Result<(), RefreshError> {
        self.attendant.pause(length).await
    }

    async fn delay(&self, until: Timestamp, reason: &str) -> Result<(), RefreshError> {
        self.delayed.send_modify(|sites| *sites.entry(self.site.clone()).or_default() += 1);
        self.hold(None);
        let result = self.attendant.delay(until, reason).await;
        self.hold(Arc::clone(&self.places).acquire_owned().await.ok());
        self.delayed.send_modify(|sites| {
            if let Some(count) = sites.get_mut(&self.site) {
                *count -= 1;
            }
            sites.retain(|_, count| *count > 0);
        });
        result
    }
}
