//! What users of other tools met in public: each would start a second refresh, or none at all.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tableau_simulator::{Effect, Endpoint, Fault, Kind, Outcome, Visibility};
use test_support::desk::Desk;

use super::{desk, plan, posts, refresh, with_options};

fn rest_error(code: u32) -> Effect {
    Effect::RestError { code, headers: [].into() }
}

fn count(desk: &Desk, endpoints: &[Endpoint]) -> usize {
    desk.tableau.requests().iter().filter(|request| endpoints.contains(&request.endpoint)).count()
}

fn in_background(desk: &Desk, arguments: &[&str]) -> Child {
    let mut command = desk.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap")
}

#[test]
fn lost_start_is_found_before_many_jobs_of_the_same_name_and_others_that_follow_it() {
    for (name, many) in [("Sales", 69), ("Other", 1243)] {
        let (desk, ..) = desk();
        let other = desk.publish(Kind::Workbook, &["Ops"], name);
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
        desk.tableau.arm(Fault::on(Endpoint::Jobs, Effect::Delay { milliseconds: 4000 }).once());
        desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
        let tabmap = in_background(&desk, &["refresh", "workbook", "Sales", "--project", "default"]);
        let begun = Instant::now();
        while desk.tableau.jobs().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        // They are queued in a later second.
        std::thread::sleep(Duration::from_millis(1100));
        desk.tableau.queue_jobs("MySite", Kind::Workbook, &other, name, many);
        let output = tabmap.wait_with_output().expect("wait");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, many + 1));
    }
}

#[test]
fn lost_start_among_more_jobs_than_can_be_looked_at_is_not_sent_again() {
    let (desk, ..) = desk();
    let other = desk.publish(Kind::Workbook, &["Ops"], "Other");
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    desk.tableau.queue_jobs("MySite", Kind::Workbook, &other, "Other", 1243);
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Reset).once());
    desk.run(&["refresh", "workbook", "Sales", "--project", "default"])
        .refused(1, &["do not tell whether one was started"]);
    assert_eq!((posts(&desk), count(&desk, &[Endpoint::Jobs])), (1, 2), "both pages, and no second start");
}

#[test]
fn clock_of_a_gateway_that_is_ahead_does_not_hide_the_job_of_a_lost_start() {
    for (running, exit) in [(2000, 0), (0, 1)] {
        let (desk, ..) = with_options(|options| options.date_ahead = Duration::from_secs(3));
        desk.tableau.plan_jobs(plan(0, running, Outcome::Success));
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
        let answer = desk.run(&["refresh", "workbook", "Sales"]);
        assert_eq!(answer.exit, exit, "{answer:?}");
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1), "never a second start");
    }
}

#[test]
fn resource_that_may_not_be_looked_at_is_refreshed_all_the_same() {
    let (desk, sales, _) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Workbook, rest_error(403_004)));
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
    assert_eq!(
        (&report["resource"]["luid"], &report["map_is_stale"]),
        (&sales.as_str().into(), &false.into())
    );

    // Nor listed, as its project was closed, and another took its name.
    desk.tableau.show("MySite", Kind::Workbook, &sales, Visibility::Hidden);
    let heir = desk.publish(Kind::Workbook, &["default"], "Sales");
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["resource"]["luid"]), (0, &heir.as_str().into()), "{answer:?}");

    // A LUID that is gone is answered with 404 when it is posted.
    desk.tableau.delete("MySite", Kind::Workbook, &heir);
    desk.tableau.delete("MySite", Kind::Workbook, &sales);
    let newest = desk.publish(Kind::Workbook, &["default"], "Sales");
    let (answer, report) = refresh(&desk, &["workbook", "Sales"]);
    assert_eq!((answer.exit, &report["resource"]["luid"]), (0, &newest.as_str().into()), "{answer:?}");

    // Whether it was deleted, nobody knows who may not look.
    desk.tableau.show("MySite", Kind::Workbook, &newest, Visibility::Hidden);
    desk.run(&["refresh", "workbook", "Sales"]).refused(3, &["was deleted, or this account may not see it"]);
}

fn with_connected_app() -> Desk {
    let (mut desk, ..) = desk();
    let options = desk.tableau.options().clone();
    let app = options.connected_app;
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABLEAU_JWT_CLIENT_ID", &app.client_id).set("TABLEAU_JWT_SECRET_ID", &app.secret_id);
    desk.set("TABLEAU_JWT_SECRET", &app.secret).set("TABLEAU_JWT_USERNAME", &options.username);
    desk
}

#[test]
fn connected_app_that_may_not_read_jobs_watches_the_extract_and_is_told_the_scope() {
    let desk = with_connected_app();
    for endpoint in [Endpoint::Job, Endpoint::Jobs] {
        desk.tableau.arm(Fault::on(endpoint, rest_error(401_002)));
    }
    desk.tableau.plan_jobs(plan(0, 1500, Outcome::Success));
    let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "20s"]);
    assert_eq!((answer.exit, &report["watched"]), (0, &true.into()), "{answer:?}");
    assert_eq!((count(&desk, &[Endpoint::SignIn]), count(&desk, &[Endpoint::Job])), (1, 1));
    assert!(answer.stderr.contains("valid for other calls"), "{answer:?}");

    desk.tableau.plan_jobs(plan(0, 2500, Outcome::Success));
    desk.done(&["refresh", "datasource", "Orders", "--no-wait"]);
    let (answer, report) = refresh(&desk, &["datasource", "Orders", "--timeout", "20s"]);
    assert_eq!((answer.exit, &report["adopted"]), (0, &true.into()), "{answer:?}");

    desk.tableau.arm(Fault::on(Endpoint::Refresh, rest_error(401_002)));
    let answer = desk.run(&["refresh", "workbook", "Sales"]);
    answer.refused(1, &["tableau:tasks:run", "connected app"]);
    assert!(!answer.stderr.contains("personal access token"), "{answer:?}");
}

#[test]
fn looks_at_jobs_are_counted_request_by_request() {
    let (desk, ..) = desk();
    let other = desk.publish(Kind::Workbook, &["Ops"], "Other");
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    desk.tableau.queue_jobs("MySite", Kind::Workbook, &other, "Other", 1100);
    desk.done(&["refresh", "workbook", "Sales", "--project", "default", "--no-wait"]);
    let broken = Effect::Status { status: 503, body: "gone".to_owned(), headers: [].into() };
    desk.tableau.arm(Fault::on(Endpoint::Jobs, broken).times(2));
    desk.tableau.clear_requests();
    refresh(&desk, &["workbook", "Sales", "--project", "default", "--timeout", "300ms"]);
    let ledger = rusqlite::Connection::open(desk.path("tabmap-refreshes.db")).expect("open the ledger");
    let counted: i64 = ledger.query_row("SELECT SUM(COUNT) FROM POLLS", [], |row| row.get(0)).expect("a sum");
    let asked = count(&desk, &[Endpoint::Job, Endpoint::Jobs]);
    assert!(asked >= 5, "two that failed, two pages, and a look: {asked}");
    assert_eq!(usize::try_from(counted).expect("a count"), asked);
}
