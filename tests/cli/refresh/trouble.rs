//! What goes wrong around the one start, and must neither start a second refresh nor call a running one failed.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tableau_simulator::{Content, Effect, Endpoint, Fault, Kind, Options, Outcome, Simulator};

use super::{FAST, desk, plan, posts, refresh, with_options};
use test_support::desk::Desk;

fn rest_error(code: u32) -> Effect {
    Effect::RestError { code, headers: [].into() }
}

/// Another server, with a workbook and a data source of the same names.
fn another_server() -> Simulator {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let other = Simulator::start(Options { content, ..Options::default() }).expect("start the simulator");
    other.publish("MySite", Kind::Workbook, &["default"], "Sales");
    other.publish("MySite", Kind::Datasource, &["default"], "Orders");
    other
}

#[test]
fn map_of_another_server_is_refused_before_anything_is_sent() {
    let (mut desk, sales, _) = desk();
    let other = another_server();
    desk.set("TABLEAU_SERVER", other.url());
    let several = "[[refresh]]\nworkbook = \"Sales\"\n[[refresh]]\ndatasource = \"Orders\"\n";
    desk.write("refs.toml", several);
    for arguments in [
        vec!["refresh", "workbook", "Sales"],
        vec!["refresh", &sales],
        vec!["refresh", "--from", "refs.toml"],
    ] {
        desk.run(&arguments).refused(1, &["this map belongs to the Tableau server"]);
    }
    assert_eq!((other.requests().len(), desk.tableau.requests().len()), (0, 0));
}

#[test]
fn lost_start_of_a_user_who_may_not_read_jobs_is_not_taken_for_a_start() {
    for arguments in [vec!["workbook", "Sales"], vec!["workbook", "Sales", "--no-wait"]] {
        let (desk, ..) = with_options(|options| options.administrator = false);
        // Times are in whole seconds: the end of a shorter job may be in the second of its start, which proves nothing.
        desk.tableau.plan_jobs(plan(0, 1100, Outcome::Success));
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Reset).once());
        let (answer, _) = refresh(&desk, &arguments);
        assert_eq!(answer.exit, 0, "{answer:?}");
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (2, 1));

        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Reset));
        let (answer, report) = refresh(&desk, &[&["datasource", "Orders"], &arguments[2..]].concat());
        assert_eq!((answer.exit, &report["outcome"]), (1, &"error".into()), "{answer:?}");
        answer.refused(1, &["it is not known whether a job was started"]);
        assert_eq!(desk.tableau.jobs().len(), 1);
    }
}

#[test]
fn job_of_a_lost_start_shows_as_a_conflict_to_a_user_who_may_not_read_jobs() {
    for if_running in ["adopt", "fail"] {
        let (desk, ..) = with_options(|options| options.administrator = false);
        desk.tableau.plan_jobs(plan(0, 2500, Outcome::Success));
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
        let arguments = ["workbook", "Sales", "--timeout", "60s", "--if-running", if_running];
        let (answer, report) = refresh(&desk, &arguments);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (2, 1));
    }
}

#[test]
fn session_that_is_taken_twice_at_the_start_is_named_as_the_cause() {
    let (desk, ..) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::KillSession));
    desk.run(&["refresh", "workbook", "Sales"])
        .refused(1, &["the session was ended by another sign-in", "a token of its own"]);
    assert!(desk.tableau.jobs().is_empty());
}

#[test]
fn passing_errors_while_a_job_is_looked_for_do_not_keep_it_from_being_adopted() {
    let broken = Effect::Status { status: 503, body: "upstream is gone".to_owned(), headers: [].into() };
    let limited =
        Effect::RestError { code: 429_000, headers: [("Retry-After".to_owned(), "1".to_owned())].into() };
    for effect in [broken, limited.clone(), Effect::Reset] {
        let (desk, ..) = desk();
        desk.tableau.plan_jobs(plan(0, 3000, Outcome::Success));
        let running = desk.done(&["refresh", "workbook", "Sales", "--no-wait"]);
        desk.tableau.arm(Fault::on(Endpoint::Job, effect.clone()).once());
        let begun = Instant::now();
        let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{effect:?} {answer:?}");
        assert_eq!((&report["job_id"], &report["adopted"]), (&running.trim().into(), &true.into()));
        assert!(effect != limited || begun.elapsed() >= Duration::from_secs(1), "as long as Tableau asks");
        assert_eq!(desk.tableau.jobs().len(), 1);
    }
}

#[test]
fn bookkeeping_that_fails_after_the_start_does_not_make_the_refresh_fail() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 500, Outcome::Success));
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Delay { milliseconds: 1000 }).once());
    let mut command = desk.command(&["refresh", "workbook", "Sales"]);
    let tabmap = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap");
    while posts(&desk) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ledger = Connection::open(desk.path("tabmap-refreshes.db")).expect("open the ledger");
    ledger.execute_batch("DROP TABLE STARTS; DROP TABLE POLLS").expect("break the ledger");
    let output = tabmap.wait_with_output().expect("wait");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("could not count a status request"), "{said}");
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1));
}

#[test]
fn timeout_is_kept_while_the_looks_at_jobs_are_rationed() {
    let (desk, ..) = desk();
    desk.write("tabmap.toml", &format!("{FAST}polls = \"3/10m\"\n"));
    desk.tableau.plan_jobs(plan(0, 3_600_000, Outcome::Success));
    let begun = Instant::now();
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "2s"]);
    assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()), "{answer:?}");
    // Nor is a job looked for any longer, of which it is not known whether it is there.
    let answer = desk.run(&["refresh", "workbook", "Sales", "--timeout", "2s"]);
    answer.refused(1, &["the budget of status requests is used up"]);
    assert!(begun.elapsed() < Duration::from_secs(300), "not until there is room in the budget");
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn length_of_time_beyond_a_year_is_refused_before_anything_is_started() {
    let (desk, ..) = desk();
    for length in ["9223372036854775807s", "9000h"] {
        let answer = desk.run(&["refresh", "workbook", "Sales", "--timeout", length]);
        answer.exit_is(2);
        assert!(answer.stderr.contains("a year"), "{answer:?}");
    }
    desk.write("tabmap.toml", "[refresh]\ntimeout = \"9223372036854775807s\"\n");
    desk.run(&["refresh", "workbook", "Sales"]).refused(2, &["a year"]);
    assert!(desk.tableau.requests().is_empty());
}

#[test]
fn job_that_somebody_else_started_is_not_cancelled() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    desk.done(&["refresh", "workbook", "Sales", "--no-wait"]);
    let (answer, report) =
        refresh(&desk, &["workbook", "Sales", "--timeout", "200ms", "--cancel-on-timeout"]);
    assert_eq!((answer.exit, &report["adopted"]), (6, &true.into()), "{answer:?}");
    assert!(report["notes"][0].as_str().expect("a note").contains("was not cancelled"), "{report}");
    assert_eq!(desk.tableau.jobs()[0].status, "InProgress");
}

/// Ends it as Ctrl-C does.
fn interrupted(tabmap: Child) -> Output {
    let asked = Command::new("kill").args(["-INT", &tabmap.id().to_string()]).status().expect("start kill");
    assert!(asked.success());
    let output = tabmap.wait_with_output().expect("wait");
    assert_eq!(output.status.code(), Some(1));
    output
}

#[test]
fn interrupted_command_names_the_job_that_goes_on_and_signs_out() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    let mut command = desk.command(&["refresh", "workbook", "Sales"]);
    let tabmap = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap");
    let looks = || desk.tableau.requests().iter().filter(|request| request.endpoint == Endpoint::Job).count();
    while looks() == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = interrupted(tabmap);
    let said = String::from_utf8(output.stderr).expect("text");
    let job = &desk.tableau.jobs()[0];
    assert!(
        said.contains(&format!("job {} (workbook `default::Sales` on site `MySite`) continues", job.luid))
    );
    assert_eq!((job.status.as_str(), desk.tableau.live_sessions()), ("InProgress", 0));
}

#[test]
fn interrupted_command_reports_what_has_finished_and_names_only_what_goes_on() {
    let (desk, sales, orders) = desk();
    desk.write("refs.toml", "[[refresh]]\nworkbook = \"Sales\"\n[[refresh]]\ndatasource = \"Orders\"\n");
    desk.tableau.plan_jobs(plan(0, 100, Outcome::Success));
    let mut command =
        desk.command(&["refresh", "--from", "refs.toml", "--max-parallel", "1", "--format", "json"]);
    let tabmap = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap");
    until_jobs(&desk, 1);
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    until_jobs(&desk, 2);
    let second = desk.tableau.jobs()[1].clone();
    let is_looked_at = || desk.tableau.requests().iter().any(|request| request.path.ends_with(&second.luid));
    while !is_looked_at() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = interrupted(tabmap);
    let said = String::from_utf8(output.stderr).expect("text");
    let first = &desk.tableau.jobs()[0];
    assert!(said.contains(&format!("job {} (datasource", second.luid)), "{said}");
    assert!(!said.contains(&first.luid), "{said}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
    let refreshes = document["refreshes"].as_array().expect("a list");
    assert_eq!(refreshes.len(), 1, "{document}");
    assert_eq!(
        (&refreshes[0]["outcome"], &refreshes[0]["job_id"]),
        (&"succeeded".into(), &first.luid.as_str().into())
    );
    assert_eq!((&first.resource, &second.resource), (&sales, &orders));
}

fn until_jobs(desk: &Desk, count: usize) {
    let begun = Instant::now();
    while desk.tableau.jobs().len() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "job {count} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn missing_permission_to_read_jobs_that_comes_late_is_no_answer_about_the_start() {
    let (desk, ..) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Jobs, rest_error(403_004)));
    desk.tableau.arm(Fault::on(Endpoint::Job, rest_error(403_004)));
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Reset));
    let answer = desk.run(&["refresh", "workbook", "Sales", "--no-wait"]);
    answer.refused(1, &["it is not known whether a job was started"]);
    assert!(desk.tableau.jobs().is_empty());
}
