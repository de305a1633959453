//! Forty sites of mixed size on a slow server: killed, hindered and shared among processes, they come to the same map as
//! one after the other.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tableau_simulator::{Effect, Endpoint, Fault, Kind};
use test_support::desk::Desk;

use crate::sites::check_maps;

const LATENCY: Duration = Duration::from_millis(80);

/// From nothing to some hundreds.
fn forty() -> Vec<usize> {
    (0..40).map(|at| [3, 0, 12, 30, 6, 90, 9, 1, 21, 240][at % 10] / (at / 20 + 1)).collect()
}

/// A desk whose map has all sites as they were, before much of them changed.
fn desk() -> Desk {
    let mut desk = Desk::sized(&forty());
    desk.sign_in_as_app().done(&["init"]);
    desk.done(&["sync", "--quiet", "--parallel", "8"]);
    for (at, site) in desk.tableau.sites().iter().enumerate() {
        for (number, item) in desk.tableau.resources(site).iter().enumerate() {
            match (at + number) % 9 {
                0 => drop(desk.tableau.republish(site, item.kind, &item.luid)),
                1 => desk.tableau.rename(site, item.kind, &item.luid, &format!("{} again", item.name)),
                2 if number % 2 == 0 => desk.tableau.delete(site, item.kind, &item.luid),
                _ => {}
            }
        }
        desk.tableau.publish(site, Kind::Workbook, &["default"], "New");
    }
    desk.tableau.set_latency(LATENCY);
    desk
}

/// All that the map says but for its times.
fn map(desk: &Desk) -> Vec<String> {
    desk.query(
        "SELECT SITE_ID, RESOURCE_TYPE, RESOURCE_ID, PROJECT_PATH, PROJECT_ID, RESOURCE_NAME, VIZPORTAL_URL_ID, CONTENT_URL \
         FROM API__TABLEAU__RESOURCES ORDER BY 1, 2, 3",
    )
}

/// Names the first row that only one of the two has; all of them are too many to read.
#[track_caller]
fn check_same(map: &[String], expected: &[String]) {
    let lacking = expected.iter().find(|row| !map.contains(row));
    let surplus = map.iter().find(|row| !expected.contains(row));
    assert!(lacking.is_none() && surplus.is_none(), "the map lacks {lacking:?} and has {surplus:?}");
}

/// The same map as syncing one site after the other brings, from a copy of the file as it is now.
fn one_after_the_other(desk: &Desk) -> Vec<String> {
    std::fs::copy(desk.path("tabmap.db"), desk.path("before.db")).expect("copy the map");
    desk.tableau.set_latency(Duration::ZERO);
    desk.done(&["sync", "--quiet", "--max-removed", "100%", "--parallel", "1"]);
    desk.tableau.set_latency(LATENCY);
    let map = map(desk);
    std::fs::rename(desk.path("before.db"), desk.path("tabmap.db")).expect("put the map back");
    map
}

fn sync(desk: &Desk, more: &[&str]) -> Command {
    let mut sync =
        desk.command(&[&["sync", "--quiet", "--max-removed", "100%", "--parallel", "8"], more].concat());
    sync.stdout(Stdio::null());
    sync
}

fn runs(desk: &Desk) -> usize {
    desk.query("SELECT RUN_ID FROM API__TABLEAU__SYNC_RUNS").len()
}

/// Lets a sync run until it has finished so many sites, and kills it.
fn kill_after(desk: &Desk, mut child: Child, sites: usize) {
    let (begun, before) = (Instant::now(), runs(desk));
    while runs(desk) < before + sites && child.try_wait().expect("its state").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} of {sites}", runs(desk) - before);
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("kill it");
    child.wait().expect("its end");
}

#[test]
fn forty_sites_at_once_come_to_the_map_of_one_after_the_other_under_kills_and_faults() {
    let desk = desk();
    let expected = one_after_the_other(&desk);
    let luid = |site: &str| desk.tableau.site_luid(site);
    for (site, endpoint, effect) in [
        ("Site3", Endpoint::Workbooks, Effect::Reset),
        ("Site10", Endpoint::Datasources, Effect::GatewayPage),
        ("Site11", Endpoint::Workbooks, Effect::CutBody),
        ("Site20", Endpoint::Projects, Effect::EmptyBody),
    ] {
        desk.tableau.arm(Fault::on(endpoint, effect).containing(luid(site)).times(2));
    }
    // A session that is refused twice within minutes ends the work on its site.
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::KillSession).containing(luid("Site30")).once());
    // These two fail until the faults are gone.
    for site in ["Site6", "Site25"] {
        let later = [("Retry-After".to_owned(), "3600".to_owned())].into();
        let busy = Effect::RestError { code: 429_000, headers: later };
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, busy).containing(luid(site)));
    }
    for sites in [1, 5, 11] {
        kill_after(&desk, sync(&desk, &[]).stderr(Stdio::null()).spawn().expect("start tabmap"), sites);
    }
    let ended = sync(&desk, &[]).stderr(Stdio::null()).status().expect("start tabmap");
    assert_eq!(ended.code(), Some(1));
    let of_others = |map: Vec<String>| -> Vec<String> {
        map.into_iter().filter(|row| !row.starts_with("Site6|") && !row.starts_with("Site25|")).collect()
    };
    check_same(&of_others(map(&desk)), &of_others(expected.clone()));
    desk.tableau.clear_faults();
    assert!(sync(&desk, &[]).status().expect("start tabmap").success());
    check_same(&map(&desk), &expected);
    check_maps(&desk);
    let ends = desk.query("SELECT DISTINCT STATUS FROM API__TABLEAU__SYNC_RUNS");
    assert_eq!(ends, ["complete"]);
}

#[test]
fn processes_that_share_forty_sites_by_shards_or_all_work_on_all_come_to_the_same_map() {
    let desk = desk();
    let expected = one_after_the_other(&desk);
    for arguments in [[&["--shard", "1/2"][..], &["--shard", "2/2"]], [&[], &[]]] {
        std::fs::copy(desk.path("tabmap.db"), desk.path("before.db")).expect("copy the map");
        let before = runs(&desk);
        let both = arguments.map(|arguments| sync(&desk, arguments).spawn().expect("start tabmap"));
        for mut one in both {
            assert!(one.wait().expect("its end").success(), "{arguments:?}");
        }
        check_same(&map(&desk), &expected);
        let made = runs(&desk) - before;
        // A run that another was faster than writes no row.
        assert!(if arguments[0].is_empty() { (40..=80).contains(&made) } else { made == 40 }, "{made}");
        std::fs::rename(desk.path("before.db"), desk.path("tabmap.db")).expect("put the map back");
    }
    assert_eq!(desk.tableau.live_sessions(), 0);
}
