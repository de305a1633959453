//! Several refreshes at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Attendant, Options, Refreshed, Refresher, Wanted};

/// Refreshes all, at most `max_parallel` at a time, in the order given; answers in that order.
///
/// Dropping the future ends the waiting; jobs that were started go on in Tableau.
pub async fn refresh_all(
    refresher: &Arc<Refresher>,
    wanted: Vec<(Wanted, Box<dyn Attendant>)>,
    options: &Options,
    max_parallel: usize,
) -> Vec<Refreshed> {
    let places = Arc::new(Semaphore::new(max_parallel.max(1)));
    let mut tasks = JoinSet::new();
    for (position, (wanted, attendant)) in wanted.into_iter().enumerate() {
        let (refresher, options, places) = (Arc::clone(refresher), options.clone(), Arc::clone(&places));
        tasks.spawn(async move {
            // The semaphore is never closed; without it there would be no limit, and no harm either.
            let _place = places.acquire().await;
            (position, refresher.refresh(&wanted, None, &options, attendant.as_ref()).await)
        });
    }
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(result) => done.push(result),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    done.sort_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, result)| result).collect()
}
