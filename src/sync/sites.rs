//! Several sites: in which order they begin, and which of them at the same time.

use std::num::NonZeroUsize;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::resource::SiteName;

/// How several sites are gone through.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many are at work at the same time, at most.
    pub parallel: NonZeroUsize,
    /// Whether no site is begun after one that failed.
    pub fail_fast: bool,
}

/// Does `work` for each of `sites`, which begin in their order as far as `may_overlap` lets them.
///
/// The results stand in the order of the sites, whatever finished first; `None` is a site that was not begun.
pub async fn each_site<T, E>(
    sites: &[SiteName],
    pace: Pace,
    may_overlap: impl Fn(&SiteName, &SiteName) -> bool,
    work: impl AsyncFn(&SiteName) -> Result<T, E>,
) -> Vec<Option<Result<T, E>>> {
    let mut results: Vec<_> = sites.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..sites.len()).collect();
    let mut begun: Vec<usize> = Vec::new();
    let mut running = FuturesUnordered::new();
    let mut is_stopped = false;
    loop {
        while !is_stopped && running.len() < pace.parallel.get() {
            let fits = |site: &usize| begun.iter().all(|one| may_overlap(&sites[*one], &sites[*site]));
            let Some(next) = waiting.iter().position(fits) else { break };
            let site = waiting.remove(next);
            begun.push(site);
            let work = &work;
            running.push(async move { (site, work(&sites[site]).await) });
        }
        let Some((site, result)) = running.next().await else { return results };
        begun.retain(|one| *one != site);
        is_stopped |= pace.fail_fast && result.is_err();
        results[site] = Some(result);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What happened, when each site takes as many turns as its name says and `x` fails at once.
    async fn run(sites: &str, parallel: usize, fail_fast: bool, shared: &str) -> (String, String) {
        let events = Mutex::new(Vec::new());
        let sites: Vec<_> = sites.split(' ').map(SiteName::from_content_url).collect();
        let pace = Pace { parallel: NonZeroUsize::new(parallel).expect("not zero"), fail_fast };
        let is_shared = |site: &SiteName| shared.split(' ').any(|one| one == site.as_str());
        let may_overlap = |one: &SiteName, other: &SiteName| !(is_shared(one) && is_shared(other));
        let note = |event: String| events.lock().expect("no panic").push(event);
        let results = each_site(&sites, pace, may_overlap, async |site| {
            note(format!("+{site}"));
            for _ in 0..site.as_str().parse().unwrap_or(0) {
                tokio::task::yield_now().await;
            }
            note(format!("-{site}"));
            if site.as_str() == "x" { Err(()) } else { Ok(site.clone()) }
        });
        let result = |one: Option<Result<SiteName, ()>>| match one {
            None => "?".to_owned(),
            Some(Err(())) => "!".to_owned(),
            Some(Ok(site)) => site.to_string(),
        };
        let results: Vec<_> = results.await.into_iter().map(result).collect();
        (events.into_inner().expect("no panic").join(" "), results.join(" "))
    }

    #[tokio::test]
    async fn sites_begin_in_their_order_and_results_stand_in_it() {
        for (parallel, shared, events) in [
            (1, "", "+60 -60 +20 -20 +30 -30 +45 -45"),
            (2, "", "+60 +20 -20 +30 -30 +45 -60 -45"),
            (9, "", "+60 +20 +30 +45 -20 -30 -45 -60"),
            (9, "60 20 30 45", "+60 -60 +20 -20 +30 -30 +45 -45"),
            (9, "60 20", "+60 +30 +45 -30 -45 -60 +20 -20"),
            (2, "60 20", "+60 +30 -30 +45 -60 +20 -45 -20"),
        ] {
            let (happened, results) = run("60 20 30 45", parallel, false, shared).await;
            assert_eq!(happened, events, "{parallel} {shared}");
            assert_eq!(results, "60 20 30 45");
        }
    }

    #[tokio::test]
    async fn failure_keeps_no_site_from_its_turn_unless_that_is_asked_for() {
        for (parallel, fail_fast, results) in
            [(1, false, "20 ! 30 40"), (1, true, "20 ! ? ?"), (3, true, "20 ! 30 ?"), (4, true, "20 ! 30 40")]
        {
            assert_eq!(run("20 x 30 40", parallel, fail_fast, "").await.1, results, "{parallel} {fail_fast}");
        }
    }
}
