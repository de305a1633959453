//! Trouble on Tableau's side, and what becomes of the map. `docs/reliability.md` lists these tests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tableau_simulator::{Content, Effect, Endpoint, Fault, GraphqlProblem, Kind};
use test_support::desk::Desk;

use crate::sources::by_each_source;
use crate::witness::desk_without_witness;

/// A site that is mapped, and then loses a workbook and gains a data source.
pub fn changed_desk() -> Desk {
    let desk = Desk::generated(1, 30, 10);
    desk.done(&["init"]);
    desk.sync();
    let gone = desk
        .tableau
        .resources("MySite")
        .into_iter()
        .find(|item| item.kind == Kind::Workbook)
        .expect("a workbook");
    desk.tableau.delete("MySite", Kind::Workbook, &gone.luid);
    desk.publish(Kind::Datasource, &["default"], "Brand new");
    desk
}

pub fn refused(code: u32) -> Effect {
    Effect::RestError { code, headers: BTreeMap::new() }
}

fn status(status: u16) -> Effect {
    Effect::Status { status, body: "<html>gateway</html>".to_owned(), headers: BTreeMap::new() }
}

pub fn warning(problem: GraphqlProblem) -> Fault {
    Fault::on(Endpoint::Metadata, Effect::GraphqlWarning { problem })
}

fn errors(problem: GraphqlProblem) -> Fault {
    Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem })
}

pub fn code(code: &str) -> GraphqlProblem {
    GraphqlProblem::Custom(
        json!({"message": "in the server's words", "extensions": {"severity": "WARNING", "code": code}}),
    )
}

#[track_caller]
pub fn ends_complete(desk: &Desk) -> Value {
    let report = desk.report(&["sync", "--format", "json"], 0);
    assert_eq!(report["complete"], true, "{report:#}");
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    report
}

/// Exit 4: what is new is in, what exists is still there, and the run row and the report say so.
#[track_caller]
pub fn ends_incomplete(desk: &Desk) -> Value {
    let before = desk.mapped("MySite");
    let report = desk.report(&["sync", "--format", "json"], 4);
    assert_ne!(report["warnings"], json!([]), "{report:#}");
    let (after, present) = (desk.mapped("MySite"), desk.present("MySite"));
    let lost: Vec<_> = before.iter().filter(|row| present.contains(row) && !after.contains(row)).collect();
    assert!(lost.is_empty(), "rows of what exists were lost: {lost:?}");
    let run = desk.query("SELECT STATUS FROM API__TABLEAU__SYNC_RUNS ORDER BY RUN_ID DESC LIMIT 1");
    assert_eq!(run, ["incomplete"]);
    report
}

fn page_sizes(desk: &Desk, connection: &str) -> Vec<u64> {
    let bodies = desk.tableau.requests().into_iter().filter(|request| request.path.ends_with("/graphql"));
    bodies
        .filter(|request| request.body.contains(connection))
        .map(|request| {
            serde_json::from_str::<Value>(&request.body).expect("JSON")["variables"]["first"]
                .as_u64()
                .expect("a size")
        })
        .collect()
}

#[test]
fn limits_and_timeouts_halve_the_page_and_go_on_from_the_same_cursor() {
    for fault in [
        warning(GraphqlProblem::NodeLimitExceeded),
        warning(GraphqlProblem::TimeLimitExceeded),
        errors(GraphqlProblem::Timeout),
        errors(GraphqlProblem::Unexpected),
    ] {
        let desk = Desk::generated(1, 2500, 0);
        desk.done(&["init"]);
        desk.tableau.arm(fault.containing("workbooksConnection").skip(1).times(2));
        ends_complete(&desk);
        let sizes = page_sizes(&desk, "workbooksConnection");
        assert_eq!(
            sizes[..6],
            [1000, 1000, 500, 250, 250, 250],
            "the second page is asked for until it comes"
        );
        assert_eq!(sizes[6], 500, "and the page grows back");
    }
}

#[test]
fn limit_that_even_the_smallest_page_meets_ends_incomplete_or_is_reported() {
    let desk = desk_without_witness();
    desk.tableau.arm(warning(GraphqlProblem::NodeLimitExceeded));
    ends_incomplete(&desk);

    let desk = changed_desk();
    desk.tableau.arm(errors(GraphqlProblem::Timeout));
    let before = desk.mapped("MySite");
    let answer = desk.run(&["sync"]);
    assert_eq!(answer.exit, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("timeout of 30000 millis"), "{}", answer.stderr);
    assert_eq!(desk.mapped("MySite"), before);
}

#[test]
fn rate_limit_of_the_metadata_api_is_waited_for() {
    let desk = changed_desk();
    desk.tableau.arm(errors(GraphqlProblem::RateExceeded).times(2));
    ends_complete(&desk);
}

#[test]
fn metadata_api_that_is_off_or_closed_is_reported_with_the_way_to_open_it() {
    for (problem, words) in [
        (GraphqlProblem::FeatureDisabled, ["FEATURE_DISABLED", "tsm maintenance metadata-services enable"]),
        (GraphqlProblem::AccessDenied, ["ACCESS_DENIED", "right to use the Metadata API"]),
        (GraphqlProblem::SiteDisabled, ["SITE_DISABLED", "for this site"]),
    ] {
        let desk = changed_desk();
        let before = desk.mapped("MySite");
        desk.tableau.arm(errors(problem));
        desk.run(&["sync"]).refused(1, &words);
        assert_eq!(desk.mapped("MySite"), before);
        assert_eq!(desk.tableau.live_sessions(), 0, "signed out all the same");
    }
}

#[test]
fn passing_failures_of_the_network_are_tried_again() {
    for effect in [
        status(500),
        status(502),
        status(503),
        status(504),
        Effect::GatewayPage,
        Effect::EmptyBody,
        Effect::CutBody,
        Effect::Reset,
        status(200),
    ] {
        for endpoint in [Endpoint::Metadata, Endpoint::Workbooks, Endpoint::Projects] {
            for desk in by_each_source(changed_desk) {
                desk.tableau.arm(Fault::on(endpoint, effect.clone()).once());
                ends_complete(&desk);
            }
        }
    }
}

#[test]
fn gateway_that_gives_up_on_large_metadata_pages_gets_smaller_ones() {
    let desk = Desk::generated(1, 1500, 0);
    desk.done(&["init"]);
    let bodies = r#""first":1000"#;
    desk.tableau.arm(Fault::on(Endpoint::Metadata, status(504)).containing(bodies));
    ends_complete(&desk);
    assert_eq!(page_sizes(&desk, "workbooksConnection")[..3], [1000, 1000, 500]);
}

#[test]
fn session_that_was_ended_by_someone_else_is_renewed_once() {
    for (endpoint, effect) in [
        (Endpoint::Metadata, Effect::KillSession),
        (Endpoint::Metadata, Effect::Unauthorized),
        (Endpoint::Workbooks, Effect::KillSession),
    ] {
        for desk in by_each_source(changed_desk) {
            desk.tableau.arm(Fault::on(endpoint, effect.clone()).once());
            ends_complete(&desk);
            assert_eq!(desk.tableau.live_sessions(), 0);
        }
    }
}

/// An answer to a sign-in that grants a session on another site.
fn session_of(site: &str) -> Effect {
    let body = json!({"credentials": {
        "token": "a|b|c",
        "site": {"id": "5a1f0000-0000-4000-8000-000000000001", "contentUrl": site},
        "user": {"id": "5a1f0000-0000-4000-8000-000000000002"},
    }});
    let headers = BTreeMap::from([("Content-Type".to_owned(), "application/json".to_owned())]);
    Effect::Status { status: 200, body: body.to_string(), headers }
}

#[test]
fn sign_in_that_leads_to_another_site_is_refused_at_first_and_at_every_renewal() {
    for desk in by_each_source(changed_desk) {
        let before = desk.mapped("MySite");
        desk.tableau.arm(Fault::on(Endpoint::SignIn, session_of("OtherSite")));
        desk.run(&["sync"]).refused(1, &["asked to sign in to site `MySite`", "is for site `OtherSite`"]);
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(Endpoint::SignIn, session_of("OtherSite")).skip(1));
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::KillSession).once());
        desk.run(&["sync"]).refused(1, &["is for site `OtherSite`", "nothing was changed"]);
        assert_eq!(desk.mapped("MySite"), before);
        desk.tableau.clear_faults();
        desk.run(&["sync", "--site", "mYsItE"]).exit_is(0);
    }
}

#[test]
fn session_that_is_ended_again_names_the_shared_token_as_the_cause() {
    for desk in by_each_source(changed_desk) {
        let before = desk.mapped("MySite");
        for endpoint in [Endpoint::Metadata, Endpoint::Datasources] {
            desk.tableau.arm(Fault::on(endpoint, Effect::KillSession));
        }
        desk.run(&["sync"])
            .refused(1, &["401002", "another process uses the same personal access token", "of its own"]);
        assert_eq!(desk.mapped("MySite"), before);
    }
}

#[test]
fn rate_limit_of_rest_is_waited_for_as_long_as_it_asks() {
    let is_waited_for = |desk: &Desk, endpoint: Endpoint| {
        let headers = [("Retry-After".to_owned(), "1".to_owned())].into();
        desk.tableau.arm(Fault::on(endpoint, Effect::RestError { code: 429_000, headers }).once());
        let began = Instant::now();
        ends_complete(desk);
        assert!(began.elapsed() >= Duration::from_secs(1), "{endpoint:?}");
    };
    for endpoint in [Endpoint::SignIn, Endpoint::Projects, Endpoint::Workbooks] {
        by_each_source(changed_desk).for_each(|desk| is_waited_for(&desk, endpoint));
    }
    is_waited_for(&changed_desk(), Endpoint::Metadata);
}

#[test]
fn rate_limit_until_a_date_is_waited_for_or_reported_as_one_in_seconds() {
    let desk = changed_desk();
    let headers = || [("Retry-After".to_owned(), "0".to_owned())].into();
    desk.tableau
        .arm(Fault::on(Endpoint::Metadata, Effect::RestError { code: 429_000, headers: headers() }).once());
    let began = Instant::now();
    ends_complete(&desk);
    assert!(began.elapsed() >= Duration::from_millis(500), "at once is not answered at once");

    for (hours, is_waited_for) in [(-1, true), (1, false)] {
        let desk = changed_desk();
        let date = (Timestamp::now() + hours.hours()).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = [("Retry-After".to_owned(), date)].into();
        let busy = Effect::RestError { code: 429_000, headers };
        desk.tableau.arm(Fault::on(Endpoint::Metadata, busy).once());
        if is_waited_for {
            ends_complete(&desk);
        } else {
            desk.run(&["sync"]).refused(1, &["limits the rate"]);
        }
    }
}

#[test]
fn rate_limit_that_asks_for_half_an_hour_is_reported_and_not_slept_through() {
    for desk in by_each_source(changed_desk) {
        let body = json!({"error": {
            "code": "429000",
            "summary": "Too Many Requests",
            "detail": "Too many requests for 'api.rest.query'. Please retry after 29 minutes.",
        }});
        let busy = Effect::Status { status: 429, body: body.to_string(), headers: BTreeMap::new() };
        desk.tableau.arm(Fault::on(Endpoint::SignIn, busy));
        desk.run(&["sync"]).refused(1, &["limits the rate", "1740 s"]);
    }
}

#[test]
fn server_that_answers_in_another_language_is_understood_by_its_codes() {
    let mut options =
        tableau_simulator::Options { language: tableau_simulator::Language::German, ..Default::default() };
    options.content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let mut desk = Desk::at(tableau_simulator::Simulator::start(options).expect("start the simulator"));
    desk.done(&["init"]);
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::KillSession).once());
    ends_complete(&desk);
    desk.set("TABLEAU_PAT_SECRET", "wrong");
    desk.run(&["sync"]).refused(1, &["401001"]);
}

#[cfg(unix)]
#[test]
fn interrupted_sync_signs_out_and_leaves_the_map_as_it_was() {
    for signal in ["-INT", "-TERM"] {
        for desk in by_each_source(changed_desk) {
            let before = desk.mapped("MySite");
            desk.tableau.arm(Fault::on(Endpoint::Projects, Effect::Delay { milliseconds: 20_000 }));
            desk.tableau.clear_requests();
            let sync =
                desk.command(&["sync"]).stderr(std::process::Stdio::piped()).spawn().expect("start tabmap");
            while !desk.tableau.requests().iter().any(|request| request.path.ends_with("/projects")) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let killed = std::process::Command::new("kill").args([signal, &sync.id().to_string()]).status();
            assert!(killed.expect("send the signal").success());
            let output = sync.wait_with_output().expect("wait");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            assert!(stderr.contains("interrupted"), "{stderr}");
            assert_eq!(desk.tableau.live_sessions(), 0, "signed out");
            assert_eq!(desk.mapped("MySite"), before);
        }
    }
}
