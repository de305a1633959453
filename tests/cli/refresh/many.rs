//! Several refreshes at once: in what order, and what holds up what.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tableau_simulator::{Kind, Outcome};

use super::{FAST, desk, plan};
use test_support::desk::Desk;

#[test]
fn refreshes_begin_in_the_order_of_the_file() {
    let desk = Desk::empty();
    let mut text = String::new();
    let luids: Vec<String> = (0..12)
        .rev()
        .map(|number| {
            let name = format!("Workbook {number}");
            let _ = write!(text, "[[refresh]]\nworkbook = \"{name}\"\n");
            desk.publish(Kind::Workbook, &["default"], &name)
        })
        .collect();
    desk.write("tabmap.toml", FAST);
    desk.write("refs.toml", &text);
    desk.done(&["backfill"]);
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    desk.done(&["refresh", "--from", "refs.toml", "--max-parallel", "1"]);
    let started: Vec<_> = desk.tableau.jobs().into_iter().map(|job| job.resource).collect();
    assert_eq!(started, luids);
}

#[test]
fn site_without_budget_holds_up_no_other_and_keeps_its_own_order() {
    let desk = Desk::generated(2, 0, 0);
    let [tight, free] = &desk.tableau.sites()[..] else { panic!("two sites") };
    let publish = |site: &str, name: &str| desk.tableau.publish(site, Kind::Workbook, &["default"], name);
    let first = publish(tight, "A");
    let second = publish(tight, "B");
    let third = publish(tight, "C");
    let other = publish(free, "D");
    desk.write("tabmap.toml", &format!("{FAST}starts = \"1/3s\"\n"));
    let mut text = String::new();
    for (site, name) in [(tight, "A"), (tight, "B"), (tight, "C"), (free, "D")] {
        let _ = write!(text, "[[refresh]]\nworkbook = \"{name}\"\nsite = \"{site}\"\n");
    }
    desk.write("refs.toml", &text);
    desk.done(&["backfill"]);
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    let begun = Instant::now();
    desk.done(&["refresh", "--from", "refs.toml", "--max-parallel", "1"]);
    assert!(begun.elapsed() >= Duration::from_secs(6), "two stretches had to pass");
    let started: Vec<_> = desk.tableau.jobs().into_iter().map(|job| job.resource).collect();
    assert_eq!(started, [first, other, second, third]);
}

#[test]
fn resource_that_is_named_twice_is_refreshed_in_full_when_one_of_the_names_asks_for_that() {
    let (desk, sales, _) = desk();
    for (first, second) in [("true", "false"), ("false", "true")] {
        desk.tableau.clear_requests();
        let text = format!(
            "[[refresh]]\nworkbook = \"Sales\"\nincremental = {first}\n[[refresh]]\nluid = \"{sales}\"\nincremental = {second}\n"
        );
        desk.write("refs.toml", &text);
        desk.done(&["refresh", "--from", "refs.toml"]);
        let bodies: Vec<_> = desk
            .tableau
            .requests()
            .into_iter()
            .filter(|request| request.endpoint == tableau_simulator::Endpoint::Refresh)
            .map(|request| request.body)
            .collect();
        assert_eq!(bodies.len(), 1);
        assert!(!bodies[0].contains("incremental"), "{bodies:?}");
    }
}

#[test]
fn no_refresh_at_a_time_is_refused_as_a_limit() {
    let (desk, ..) = desk();
    let answer = desk.run(&["refresh", "workbook", "Sales", "--max-parallel", "0"]);
    answer.exit_is(2);
    desk.write("tabmap.toml", "[refresh]\nmax_parallel = 0\n");
    desk.run(&["refresh", "workbook", "Sales"]).refused(2, &["nonzero"]);
    assert!(desk.tableau.requests().is_empty());
}
