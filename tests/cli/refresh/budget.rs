//! `refresh`: starts and looks are rationed, over processes too.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tableau_simulator::{Content, Effect, Endpoint, Fault, Kind, Options, Outcome, Simulator};
use test_support::desk::Desk;

use super::{FAST, desk, plan, posts, refresh};

#[test]
fn budget_is_kept_with_200_targets_and_the_plan_is_shown() {
    let per = Duration::from_secs(2);
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    // The server counts too, as Tableau Cloud does, and refuses whoever starts more.
    let options = Options { content, refresh_limit: Some((60, per)), ..Options::default() };
    let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
    let mut text = String::new();
    for number in 0..200 {
        desk.tableau.publish("MySite", Kind::Workbook, &["default"], &format!("Workbook {number}"));
        let _ = write!(text, "[[refresh]]\nworkbook = \"Workbook {number}\"\n");
    }
    desk.write("refs.toml", &text);
    desk.write("tabmap.toml", &format!("{FAST}starts = \"60/2s\"\n"));
    desk.done(&["backfill"]);
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    let begun = std::time::Instant::now();
    let answer = desk.run(&["refresh", "--from", "refs.toml", "--max-parallel", "50"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert!(begun.elapsed() >= per * 3, "three stretches had to pass");
    assert!(answer.stderr.contains("200 refreshes, 60 now, 140 in 1m or later"), "{}", answer.stderr);
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (200, 200), "no start was refused");
}

#[test]
fn commands_that_run_side_by_side_share_one_budget() {
    let (desk, ..) = desk();
    desk.write("tabmap.toml", &format!("{FAST}starts = \"1/2s\"\n"));
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    let begun = std::time::Instant::now();
    let mut both = [["refresh", "workbook", "Sales"], ["refresh", "datasource", "Orders"]].map(|arguments| {
        let options = desk.tableau.options();
        // One token has one session, so each needs its own way to sign in.
        let mut command = desk.command(&arguments);
        if arguments[1] == "workbook" {
            command.env_remove("TABLEAU_PAT_NAME").env("TABLEAU_USERNAME", &options.username);
            command.env("TABLEAU_PASSWORD", &options.password);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start tabmap")
    });
    assert!(both.iter_mut().all(|one| one.wait().expect("wait").success()));
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "the second waited for the first one's stretch to end"
    );
    assert_eq!(desk.tableau.jobs().len(), 2);
}

#[test]
fn looks_at_jobs_are_rationed_too() {
    let (desk, ..) = desk();
    desk.write("tabmap.toml", &format!("{FAST}polls = \"3/1s\"\n"));
    desk.tableau.plan_jobs(plan(0, 1200, Outcome::Success));
    desk.done(&["refresh", "workbook", "Sales"]);
    let looks = desk.tableau.requests().iter().filter(|request| request.endpoint == Endpoint::Job).count();
    assert!((2..=9).contains(&looks), "{looks} looks within two or three seconds");
}

#[test]
fn start_that_tableau_limits_is_sent_again_when_tableau_says_so() {
    let (desk, ..) = desk();
    let limited =
        Effect::RestError { code: 429_000, headers: [("Retry-After".to_owned(), "1".to_owned())].into() };
    desk.tableau.arm(Fault::on(Endpoint::Refresh, limited).once());
    let begun = std::time::Instant::now();
    let (answer, _) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (2, 1));
}

#[test]
fn folder_that_cannot_be_written_to_costs_the_shared_budget_and_not_the_refresh() {
    let (desk, ..) = desk();
    desk.write("tabmap.toml", &format!("{FAST}file = \"missing/refreshes.db\"\n"));
    let answer = desk.run(&["refresh", "workbook", "Sales"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert!(answer.stderr.contains("does not count the refreshes of other runs"), "{answer:?}");
}
