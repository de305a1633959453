//! `refresh`: the right target, started once, waited for to its end.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tableau_simulator::{Content, Effect, Endpoint, Fault, JobPlan, Kind, Options, Outcome, Simulator};
use test_support::desk::{Answer, Desk};

mod budget;
mod field;
mod many;
mod trouble;
mod watching;

/// Waits that suit a simulator.
pub const FAST: &str = "[refresh]\nfirst_poll = \"20ms\"\nlongest_poll = \"50ms\"\n";

/// A site with the workbook `Sales` and the data source `Orders` in project `default`, mapped.
fn desk() -> (Desk, String, String) {
    ready(Desk::empty())
}

fn ready(desk: Desk) -> (Desk, String, String) {
    let sales = desk.publish(Kind::Workbook, &["default"], "Sales");
    let orders = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.write("tabmap.toml", FAST);
    desk.done(&["init", "--print"]);
    desk.done(&["backfill"]);
    desk.tableau.clear_requests();
    (desk, sales, orders)
}

fn with_options(change: impl FnOnce(&mut Options)) -> (Desk, String, String) {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let mut options = Options { content, ..Options::default() };
    change(&mut options);
    ready(Desk::at(Simulator::start(options).expect("start the simulator")))
}

fn plan(pending: u64, running: u64, outcome: Outcome) -> JobPlan {
    JobPlan { pending: Duration::from_millis(pending), running: Duration::from_millis(running), outcome }
}

fn refresh(desk: &Desk, arguments: &[&str]) -> (Answer, Value) {
    let mut all = vec!["refresh"];
    all.extend_from_slice(arguments);
    all.extend_from_slice(&["--format", "json"]);
    let answer = desk.run(&all);
    let mut document: Value =
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    assert_eq!(document["format_version"], 1);
    let first = document["refreshes"][0].take();
    (answer, first)
}

fn posts(desk: &Desk) -> usize {
    desk.tableau.requests().iter().filter(|request| request.endpoint == Endpoint::Refresh).count()
}

#[test]
fn name_number_address_and_luid_lead_to_one_refresh_each_that_is_waited_for() {
    let (desk, sales, orders) = desk();
    let number = |luid: &str| {
        let items = desk.tableau.resources("MySite");
        items.into_iter().find(|item| item.luid == luid).expect("on the site").vizportal_url_id
    };
    let page = format!("{}/#/site/MySite/workbooks/{}/views", desk.tableau.url(), number(&sales));
    let orders_number = number(&orders);
    for (arguments, luid) in [
        (vec!["workbook", "Sales"], &sales),
        (vec!["workbook", "Sales", "--project", "default", "--site", "mysite"], &sales),
        (vec!["datasource", &orders_number], &orders),
        (vec![page.as_str()], &sales),
        (vec![orders.as_str()], &orders),
    ] {
        let before = desk.tableau.jobs().len();
        let (answer, report) = refresh(&desk, &arguments);
        assert_eq!(answer.exit, 0, "{answer:?}");
        assert_eq!((&report["outcome"], &report["adopted"]), (&"succeeded".into(), &false.into()));
        assert_eq!(&report["resource"]["luid"], luid);
        let jobs = desk.tableau.jobs();
        assert_eq!(jobs.len(), before + 1);
        let job = jobs.last().expect("a job");
        assert_eq!((&job.resource, job.status.as_str()), (luid, "Success"));
        assert_eq!(report["job_id"], job.luid);
    }
    assert_eq!(desk.tableau.live_sessions(), 0);
    let text = desk.done(&["refresh", "workbook", "Sales"]);
    assert!(text.starts_with("workbook `default::Sales` on site `MySite`: refreshed in "), "{text}");
}

#[test]
fn unknown_and_ambiguous_names_exit_with_3_and_start_nothing() {
    let (desk, ..) = desk();
    let one = desk.publish(Kind::Workbook, &["Finance"], "Costs");
    let other = desk.publish(Kind::Workbook, &["Ops"], "Costs");
    desk.sync();
    desk.tableau.clear_requests();
    desk.run(&["refresh", "workbook", "Costs"]).refused(3, &[&one, &other, "--project"]);
    desk.run(&["refresh", "workbook", "Slaes"]).refused(3, &["did you mean `default::Sales`"]);
    desk.run(&["refresh", "Sales"]).refused(2, &["neither a browser address nor a LUID"]);
    assert!(desk.tableau.requests().is_empty(), "refused before Tableau was asked");
}

#[test]
fn failed_and_cancelled_jobs_exit_with_5_and_say_why() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 30, Outcome::Failure("table ORDERS does not exist".to_owned())));
    let answer = desk.run(&["refresh", "workbook", "Sales"]);
    assert_eq!(answer.exit, 5, "{answer:?}");
    assert!(answer.stdout.contains("the refresh failed"), "{answer:?}");
    assert!(answer.stdout.contains("table ORDERS does not exist"), "{answer:?}");
    desk.tableau.plan_jobs(plan(0, 30, Outcome::Cancelled));
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["outcome"]), (5, &"cancelled".into()));
}

#[test]
fn job_that_tableau_bridge_completed_is_a_success() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 30, Outcome::CompletedByBridge));
    let (answer, report) = refresh(&desk, &["datasource", "Orders"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()));
}

#[test]
fn job_that_was_only_handed_to_tableau_bridge_is_asked_for_until_bridge_is_done() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 700, Outcome::CompletedByBridge));
    let (answer, report) = refresh(&desk, &["datasource", "Orders"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()));
    assert_eq!(desk.tableau.jobs()[0].status, "Success", "0 was only the handing over");
    desk.tableau.plan_jobs(plan(0, 700, Outcome::FailedByBridge("no client is connected".to_owned())));
    let (answer, report) = refresh(&desk, &["datasource", "Orders"]);
    assert_eq!((answer.exit, &report["outcome"]), (5, &"failed".into()), "{answer:?}");
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::CompletedByBridge));
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "300ms"]);
    assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()), "{answer:?}");
    assert!(report["notes"].to_string().contains("handed to Tableau Bridge"), "{report}");
}

#[test]
fn job_that_takes_too_long_is_given_up_with_exit_6_and_its_id() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "200ms"]);
    assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()));
    let job = &desk.tableau.jobs()[0];
    assert_eq!((&report["job_id"], job.status.as_str()), (&job.luid.as_str().into(), "InProgress"));

    let (answer, report) =
        refresh(&desk, &["datasource", "Orders", "--timeout", "200ms", "--cancel-on-timeout"]);
    assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()));
    assert_eq!(desk.tableau.jobs()[1].status, "Cancelled");
}

#[test]
fn no_wait_prints_the_id_of_the_job_alone() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    let printed = desk.done(&["refresh", "workbook", "Sales", "--no-wait"]);
    assert_eq!(printed, format!("{}\n", desk.tableau.jobs()[0].luid));
}

#[test]
fn job_that_is_under_way_is_adopted_and_waited_for_unless_told_otherwise() {
    let (desk, ..) = with_options(|options| options.language = tableau_simulator::Language::German);
    // Another job of the same name, which must not be taken for it.
    desk.publish(Kind::Workbook, &["Other"], "Sales");
    desk.sync();
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    desk.done(&["refresh", "workbook", "Sales", "--project", "Other", "--no-wait"]);
    desk.tableau.plan_jobs(plan(300, 300, Outcome::Success));
    let running = desk.done(&["refresh", "workbook", "Sales", "--project", "default", "--no-wait"]);

    let sales = ["workbook", "Sales", "--project", "default"];
    let (answer, report) = refresh(&desk, &[&sales[..], &["--if-running", "skip"]].concat());
    assert_eq!((answer.exit, &report["outcome"]), (0, &"skipped".into()));
    let arguments = [&["refresh"], &sales[..], &["--if-running", "fail"]].concat();
    desk.run(&arguments).refused(1, &["already queued or running", "--if-running adopt"]);

    let (answer, report) = refresh(&desk, &sales);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()));
    assert_eq!((&report["job_id"], &report["adopted"]), (&running.trim().into(), &true.into()));
    assert_eq!(desk.tableau.jobs().len(), 2, "nothing was started beside it");
    let other = ["refresh", "workbook", "Sales", "--project", "Other", "--timeout", "1s"];
    let said = desk.run(&other).stdout;
    assert!(said.contains(", which was already queued or running)"), "{said}");
}

#[test]
fn errors_and_resets_while_polling_do_not_start_a_second_refresh() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 300, Outcome::Success));
    let broken = |body: &str| Effect::Status { status: 503, body: body.to_owned(), headers: [].into() };
    desk.tableau.arm(Fault::on(Endpoint::Job, broken("upstream is gone")).times(2));
    desk.tableau.arm(Fault::on(Endpoint::Job, Effect::Reset).skip(2).times(2));
    desk.tableau.arm(Fault::on(Endpoint::Job, Effect::GatewayPage).skip(4).once());
    desk.tableau.arm(Fault::on(Endpoint::Job, Effect::CutBody).skip(5).once());
    desk.tableau.arm(Fault::on(Endpoint::Job, Effect::KillSession).skip(6).once());
    let limited =
        Effect::RestError { code: 429_000, headers: [("Retry-After".to_owned(), "1".to_owned())].into() };
    desk.tableau.arm(Fault::on(Endpoint::Job, limited).skip(8).once());
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1));
}

#[test]
fn lost_answer_to_the_start_is_looked_for_and_not_sent_again() {
    for effect in [Effect::LoseAnswer, Effect::CutBody] {
        let (desk, ..) = desk();
        desk.tableau.arm(Fault::on(Endpoint::Refresh, effect.clone()).once());
        let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{effect:?} {answer:?}");
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1), "{effect:?}");
        assert_eq!(report["job_id"], desk.tableau.jobs()[0].luid);
    }
}

#[test]
fn lost_answer_is_found_even_when_the_job_has_ended_meanwhile() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
    let (answer, _) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1));
}

#[test]
fn start_that_never_arrived_is_sent_again_after_no_job_was_found() {
    let gateway = Effect::Status { status: 504, body: "timeout".to_owned(), headers: [].into() };
    for effect in [Effect::Reset, gateway, Effect::EmptyBody] {
        let (desk, ..) = desk();
        desk.tableau.arm(Fault::on(Endpoint::Refresh, effect.clone()).once());
        let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{effect:?} {answer:?}");
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (2, 1), "{effect:?}");
        let asked: Vec<_> = desk.tableau.requests().iter().map(|request| request.endpoint).collect();
        let first = asked.iter().position(|endpoint| *endpoint == Endpoint::Refresh).expect("a start");
        assert_eq!(asked[first + 1], Endpoint::Jobs, "it looks before it sends again");
    }
    let (desk, ..) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Reset));
    desk.run(&["refresh", "workbook", "Sales"]).refused(1, &["could not start the refresh"]);
    assert_eq!(posts(&desk), 3);
}

#[test]
fn session_that_was_ended_is_renewed_before_the_start_is_sent_again() {
    let (desk, ..) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::KillSession).once());
    let (answer, _) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn stale_luid_is_healed_by_resolving_on_tableau_once() {
    let (desk, sales, _) = desk();
    let current = desk.tableau.republish("MySite", Kind::Workbook, &sales);
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
    assert_eq!(report["resource"]["luid"], current);
    assert_eq!((&report["map_is_stale"], &report["mapped_luid"]), (&true.into(), &sales.as_str().into()));
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1));
    let text = desk.done(&["refresh", "workbook", "Sales"]);
    assert!(text.contains("the map is out of date") && text.contains("run `tabmap sync`"), "{text}");
    // Who names the old LUID means the workbook that had it.
    let (answer, report) = refresh(&desk, &[&sales]);
    assert_eq!((answer.exit, &report["resource"]["luid"]), (0, &current.as_str().into()));

    desk.tableau.delete("MySite", Kind::Workbook, &current);
    let words = [
        "workbook `Sales` in project `default` was deleted, or this account may not see it",
        sales.as_str(),
        "tabmap sync",
    ];
    let answer = desk.run(&["refresh", "workbook", "Sales"]);
    answer.refused(3, &words);
    assert!(answer.stdout.contains("not refreshed\n  the map is out of date; run"), "{}", answer.stdout);
    assert_eq!(desk.tableau.jobs().len(), 3);
}

#[test]
fn workbook_that_is_deleted_between_the_look_and_the_start_is_healed_too() {
    let (desk, sales, _) = desk();
    let republish = Effect::Change {
        changes: vec![tableau_simulator::Change::Republish {
            site: "MySite".to_owned(),
            kind: Kind::Workbook,
            luid: sales,
        }],
    };
    desk.tableau.arm(Fault::on(Endpoint::Workbook, republish).once());
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["map_is_stale"]), (0, &true.into()), "{answer:?}");
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn name_that_belongs_to_another_workbook_now_leads_to_that_one() {
    let (desk, sales, _) = desk();
    desk.tableau.rename("MySite", Kind::Workbook, &sales, "Sales until 2026");
    let newer = desk.publish(Kind::Workbook, &["default"], "Sales");
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["resource"]["luid"]), (0, &newer.as_str().into()), "{answer:?}");
    assert_eq!(desk.tableau.jobs()[0].resource, newer);
    let (_, report) = refresh(&desk, &[&sales]);
    assert_eq!(report["resource"]["luid"], sales, "a LUID means the workbook, whatever it is called");
}

#[test]
fn refusals_say_what_the_code_means_and_what_to_do() {
    let (desk, ..) = desk();
    for (code, what, help) in [
        (409_090, "no extract", "publish it with an extract"),
        (403_104, "live connections only", "a live connection always shows current data"),
        (403_004, "may not refresh it", "Extract Refresh capability"),
        (409_082, "on request is switched off", "Run Now"),
    ] {
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::RestError { code, headers: [].into() }).once());
        desk.run(&["refresh", "workbook", "Sales"]).refused(1, &[what, help, &code.to_string()]);
    }
    assert_eq!(posts(&desk), 4, "none is sent again");
}

#[test]
fn extract_is_watched_where_the_user_may_not_read_jobs() {
    let (desk, ..) = with_options(|options| options.administrator = false);
    desk.tableau.plan_jobs(plan(200, 900, Outcome::Success));
    for (kind, name) in [("workbook", "Sales"), ("datasource", "Orders")] {
        let (answer, report) = refresh(&desk, &[kind, name, "--timeout", "20s"]);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
        assert_eq!(report["watched"], true);
        assert!(answer.stderr.contains("may not read jobs"), "{answer:?}");
    }
    assert_eq!((posts(&desk), desk.tableau.jobs().len()), (2, 2));
    // A failure cannot be seen: the time runs out, and the report says what that may mean.
    desk.tableau.plan_jobs(plan(0, 1500, Outcome::Failure("no".to_owned())));
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "300ms"]);
    assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()));
    assert!(report["notes"][0].as_str().expect("a note").contains("ask an administrator"));
    // Its job is under way still: adopted, though nobody may say which one it is.
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "200ms"]);
    assert_eq!((answer.exit, &report["adopted"]), (6, &true.into()));
}

#[test]
fn job_that_cannot_be_asked_for_is_found_in_the_list() {
    let (desk, ..) = desk();
    desk.tableau.plan_jobs(plan(0, 100, Outcome::Failure("no".to_owned())));
    desk.tableau.arm(Fault::on(Endpoint::Job, Effect::RestError { code: 400_031, headers: [].into() }));
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "10s"]);
    assert_eq!((answer.exit, &report["outcome"]), (5, &"failed".into()), "{answer:?}");
}

#[test]
fn incremental_refresh_is_asked_for_where_the_server_knows_it() {
    let (desk, ..) = desk();
    desk.done(&["refresh", "workbook", "Sales", "--incremental"]);
    let request = desk.tableau.requests().into_iter().find(|request| request.endpoint == Endpoint::Refresh);
    assert!(request.expect("a start").body.contains(r#"incremental="true""#));

    let (desk, ..) = with_options(|options| options.old_server = true);
    desk.done(&["refresh", "workbook", "Sales"]);
    desk.run(&["refresh", "workbook", "Sales", "--incremental"]).refused(1, &["older than 3.25"]);
    assert_eq!(posts(&desk), 1);
}

#[test]
fn several_targets_come_from_a_file_or_stdin_and_each_is_refreshed_once() {
    let (desk, sales, orders) = desk();
    let text = format!(
        "[[refresh]]\nworkbook = \"Sales\"\nproject = \"default\"\n[[refresh]]\ndatasource = \"Orders\"\nsite = \"MySite\"\n\
         [[refresh]]\nluid = \"{sales}\"\n"
    );
    desk.write("refs.toml", &text);
    let answer = desk.run(&["refresh", "--from", "refs.toml", "--format", "json"]);
    let document: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
    let luids: Vec<_> = document["refreshes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["resource"]["luid"])
        .collect();
    assert_eq!(luids, [&sales, &orders]);
    assert!(answer.stderr.contains("site `MySite`: 2 refreshes, 2 now; at most 10 at a time"), "{answer:?}");
    assert_eq!(desk.tableau.jobs().len(), 2);

    let mut command = desk.command(&["refresh", "--from", "-"]);
    let mut tabmap = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start tabmap");
    tabmap.stdin.take().expect("its stdin").write_all(text.as_bytes()).expect("write");
    assert!(tabmap.wait_with_output().expect("wait").status.success());
    assert_eq!(desk.tableau.jobs().len(), 4);

    desk.write("refs.toml", "[[refresh]]\nworkbook = \"Sales\"\n[[refresh]]\nworkbook = \"Slaes\"\n");
    desk.run(&["refresh", "--from", "refs.toml"])
        .refused(3, &["no workbook `Slaes`", "1 of 2 targets", "nothing was started"]);
    desk.write("refs.toml", "[[refresh]]\nworkbook = \"Sales\"\nluid = \"x\"\n");
    desk.run(&["refresh", "--from", "refs.toml"]).refused(2, &["refs.toml", "exactly one of"]);
    desk.run(&["refresh", "--from", "missing.toml"]).refused(2, &["missing.toml"]);
    assert_eq!(desk.tableau.jobs().len(), 4);
}

#[test]
fn refreshes_on_several_sites_take_turns_with_the_one_session_of_a_token() {
    let desk = Desk::generated(3, 0, 0);
    desk.write("tabmap.toml", FAST);
    let mut text = String::new();
    for site in desk.tableau.sites() {
        for name in ["Sales", "Costs"] {
            desk.tableau.publish(&site, Kind::Workbook, &["default"], name);
            let _ = write!(text, "[[refresh]]\nworkbook = \"{name}\"\nsite = \"{site}\"\n");
        }
    }
    desk.write("refs.toml", &text);
    desk.done(&["backfill"]);
    desk.tableau.plan_jobs(plan(0, 400, Outcome::Success));
    let answer = desk.run(&["refresh", "--from", "refs.toml"]);
    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!((desk.tableau.jobs().len(), desk.tableau.live_sessions()), (6, 0));
}
