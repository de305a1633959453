//! Trouble on demand.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tableau_simulator::{Change, Effect, Endpoint, Fault, Generate, GraphqlProblem, Kind};

use crate::support::{SITE, Session, simulator};

const LIST: &str = "{ workbooksConnection(first: 10) { nodes { luid owner { name } } pageInfo { hasNextPage endCursor } totalCount } }";
const NEXT: &str = "query($after: String) { workbooksConnection(first: 30, after: $after) { nodes { luid } pageInfo { \
                    hasNextPage endCursor } totalCount } }";

fn luids(listing: &Value) -> Vec<String> {
    let workbooks = listing["workbooks"]["workbook"].as_array().cloned().unwrap_or_default();
    workbooks.iter().map(|it| it["id"].as_str().expect("a LUID").to_owned()).collect()
}

#[tokio::test]
async fn a_fault_strikes_what_it_is_armed_on_as_often_as_it_is_told() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let busy = Effect::RestError {
        code: 429_000,
        headers: BTreeMap::from([("Retry-After".to_owned(), "7".to_owned())]),
    };
    simulator.arm(Fault::on(Endpoint::Workbooks, busy).skip(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        assert_eq!(session.get("datasources").await.status, 200, "another listing is left alone");
        statuses.push(session.get("workbooks").await.status);
    }
    assert_eq!(statuses, [200, 429, 429, 200]);
}

#[tokio::test]
async fn a_fault_without_a_number_strikes_until_cleared() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Any, Effect::RestError { code: 500_000, headers: BTreeMap::new() }));
    for _ in 0..3 {
        assert_eq!(session.get("projects").await.code(), "500000");
    }
    simulator.clear_faults();
    assert_eq!(session.get("projects").await.status, 200);
}

#[tokio::test]
async fn errors_carry_their_headers_and_come_in_the_form_asked_for() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let headers = BTreeMap::from([("Retry-After".to_owned(), "7".to_owned())]);
    simulator.arm(Fault::on(Endpoint::Projects, Effect::RestError { code: 429_000, headers }).once());
    let url = format!("{}/api/3.29/sites/{}/projects", session.url, session.site);
    let response =
        session.http.get(url).header("X-Tableau-Auth", &session.token).send().await.expect("an answer");
    assert_eq!(response.headers()["Retry-After"], "7");
    let body = response.text().await.expect("a body");
    assert!(body.contains(r#"<error code="429000">"#), "{body}");
    let teapot = Effect::Status { status: 418, body: "short and stout".to_owned(), headers: BTreeMap::new() };
    simulator.arm(Fault::on(Endpoint::Projects, teapot).once());
    let answer = session.get("projects").await;
    assert_eq!((answer.status, answer.text.as_str()), (418, "short and stout"));
}

#[tokio::test]
async fn a_fault_can_wait_for_a_page_or_a_word() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::GatewayPage).page(3).once());
    let mut statuses = Vec::new();
    for page in 1..=4 {
        statuses.push(session.get(&format!("workbooks?pageSize=10&pageNumber={page}")).await.status);
    }
    assert_eq!(statuses, [200, 200, 502, 200]);
    let problem = GraphqlProblem::Timeout;
    simulator.arm(
        Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem }).containing("publishedDatasources"),
    );
    assert_eq!(session.query(LIST, json!(null)).await.get("errors"), None);
    let struck = session.query("{ publishedDatasources { luid } }", json!(null)).await;
    assert_eq!(
        struck["errors"][0]["message"],
        "Execution canceled because timeout of 30000 millis was reached"
    );
    assert_eq!(struck["data"], Value::Null);
}

#[tokio::test]
async fn warnings_come_beside_good_data() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let problems = [
        (GraphqlProblem::BackfillRunning, "BACKFILL_RUNNING"),
        (GraphqlProblem::NodeLimitExceeded, "NODE_LIMIT_EXCEEDED"),
        (GraphqlProblem::TimeLimitExceeded, "TIME_LIMIT_EXCEEDED"),
        (GraphqlProblem::PermissionsModeSwitched, "PERMISSIONS_MODE_SWITCHED"),
        (GraphqlProblem::Custom(json!({ "extensions": { "severity": "WARNING", "code": "NEW" } })), "NEW"),
    ];
    for (problem, code) in problems {
        simulator.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlWarning { problem }).once());
        let answer = session.query(LIST, json!(null)).await;
        assert_eq!(answer["data"]["workbooksConnection"]["totalCount"], 40);
        assert_eq!(answer["errors"][0]["extensions"]["code"], code);
        assert_eq!(answer["errors"][0]["extensions"]["severity"], "WARNING");
        if code == "PERMISSIONS_MODE_SWITCHED" {
            let switched = json!({ "workbooksConnection": ["projectNameWithin"] });
            assert_eq!(answer["errors"][0]["extensions"]["properties"], switched);
        }
    }
}

#[tokio::test]
async fn errors_come_without_data_and_with_status_200() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let problems = [
        (GraphqlProblem::RateExceeded, "RATE_EXCEEDED"),
        (GraphqlProblem::FeatureDisabled, "FEATURE_DISABLED"),
        (GraphqlProblem::AccessDenied, "ACCESS_DENIED"),
        (GraphqlProblem::SiteDisabled, "SITE_DISABLED"),
    ];
    for (problem, code) in problems {
        simulator.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem }).once());
        let answer = session.query(LIST, json!(null)).await;
        assert_eq!(
            (&answer["data"], &answer["errors"][0]["extensions"]["code"]),
            (&Value::Null, &json!(code))
        );
    }
    let problem = GraphqlProblem::Unexpected;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem }).once());
    let answer = session.query(LIST, json!(null)).await;
    assert_eq!(answer["errors"], json!([{ "message": "Unexpected error occurred", "locations": [] }]));
}

#[tokio::test]
async fn null_in_a_non_null_field_leaves_no_data() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::NullField { field: "owner".to_owned() }).once());
    let answer = session.query(LIST, json!(null)).await;
    assert_eq!((&answer["data"], answer["errors"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    assert_eq!(answer["errors"][0]["path"], json!(["workbooksConnection", "nodes", 0, "owner"]));
    assert_eq!(answer["errors"][0]["extensions"]["classification"], "NullValueInNonNullableField");
    assert!(answer["errors"][0]["extensions"].get("severity").is_none());
}

#[tokio::test]
async fn a_truncated_listing_keeps_its_total() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Any, Effect::Truncate { keep: 15 }));
    assert_eq!(session.nodes("workbooksConnection", "luid", 10).await.len(), 15);
    assert_eq!(session.query(LIST, json!(null)).await["data"]["workbooksConnection"]["totalCount"], 40);
    let listing = session.get("workbooks").await.json();
    assert_eq!((luids(&listing).len(), &listing["pagination"]["totalAvailable"]), (15, &json!("40")));
}

#[tokio::test]
async fn a_total_may_be_wrong() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Any, Effect::TotalCount { total: 43 }));
    assert_eq!(session.query(LIST, json!(null)).await["data"]["workbooksConnection"]["totalCount"], 43);
    assert_eq!(session.nodes("workbooksConnection", "luid", 10).await.len(), 40);
    let listing = session.get("workbooks").await.json();
    assert_eq!((luids(&listing).len(), &listing["pagination"]["totalAvailable"]), (40, &json!("43")));
}

#[tokio::test]
async fn rows_may_come_twice_across_pages() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Any, Effect::RepeatRows { rows: 2 }));
    let nodes = session.nodes("workbooksConnection", "luid", 10).await;
    let mut distinct: Vec<&str> = nodes.iter().map(|node| node["luid"].as_str().expect("a LUID")).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((nodes.len(), distinct.len()), (48, 40), "two more on each of four pages after the first");
    let first = luids(&session.get("workbooks?pageSize=10").await.json());
    let second = luids(&session.get("workbooks?pageSize=10&pageNumber=2").await.json());
    assert_eq!(first[8..], second[..2]);
}

#[tokio::test]
async fn a_cursor_may_lead_in_circles() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::LoopingCursor));
    let mut after = Value::Null;
    let mut cursors = Vec::new();
    for _ in 0..4 {
        let answer = session.query(NEXT, json!({ "after": after })).await;
        let page = &answer["data"]["workbooksConnection"]["pageInfo"];
        assert_eq!(page["hasNextPage"], true, "even on the second page, which has the last rows");
        after = page["endCursor"].clone();
        cursors.push(after.clone());
    }
    cursors.dedup();
    assert_eq!(cursors.len(), 1);
}

#[tokio::test]
async fn a_listing_may_change_while_it_is_read() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let first = simulator.resources(SITE)[0].luid.clone();
    let deletion = Change::Delete { site: SITE.to_owned(), kind: Kind::Workbook, luid: first.clone() };
    let rename = Change::RenameProject {
        site: SITE.to_owned(),
        project: vec!["Finance".to_owned()],
        name: "Money".to_owned(),
    };
    simulator.arm(
        Fault::on(Endpoint::Workbooks, Effect::Change { changes: vec![deletion, rename] }).page(1).once(),
    );
    let one = luids(&session.get("workbooks?pageSize=10").await.json());
    assert_eq!(one[0], first, "the page itself is from before");
    let two = luids(&session.get("workbooks?pageSize=10&pageNumber=2").await.json());
    let truth: Vec<String> = simulator.resources(SITE).into_iter().map(|it| it.luid).collect();
    assert_eq!(truth[..9], one[1..]);
    assert_eq!(truth[10..20], two, "the row between the pages was skipped");
    assert!(simulator.projects(SITE).iter().any(|(path, _)| path == &["Money"]));
}

#[tokio::test]
async fn a_killed_session_answers_401002_from_then_on() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::KillSession).page(2).once());
    assert_eq!(session.get("workbooks?pageSize=10").await.status, 200);
    assert_eq!(session.get("workbooks?pageSize=10&pageNumber=2").await.code(), "401002");
    assert_eq!(session.get("workbooks?pageSize=10").await.code(), "401002");
    assert_eq!(Session::start(&simulator, SITE).await.get("workbooks").await.status, 200);
    simulator.kill_sessions();
    assert_eq!(simulator.live_sessions(), 0);
}

#[tokio::test]
async fn the_metadata_api_may_refuse_a_good_session() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::Unauthorized).once());
    let body = json!({ "query": LIST }).to_string();
    let refused = session.call("POST", "/api/metadata/graphql", &body).await;
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("Unauthorized")));
    assert_eq!(session.call("POST", "/api/metadata/graphql", &body).await.status, 200);
}

#[tokio::test]
async fn answers_may_be_empty_cut_reset_or_late() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let url = format!("{}/api/3.29/sites/{}/workbooks", session.url, session.site);
    let ask = || session.http.get(&url).header("X-Tableau-Auth", &session.token).send();

    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::EmptyBody).once());
    let empty = ask().await.expect("an answer");
    assert_eq!((empty.status().as_u16(), empty.text().await.expect("a body").as_str()), (200, ""));

    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::CutBody).once());
    let mut cut = ask().await.expect("the head of an answer");
    let promised = cut.content_length().expect("a length");
    let mut arrived = 0;
    let end = loop {
        match cut.chunk().await {
            Ok(Some(chunk)) => arrived += chunk.len() as u64,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(end.is_err(), "the body ends in the middle");
    assert_eq!(arrived, promised / 2);

    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::Reset).once());
    let reset = ask().await.expect_err("no answer");
    assert!(format!("{reset:?}").contains("ConnectionReset"), "{reset:?}");

    simulator.arm(Fault::on(Endpoint::Workbooks, Effect::Delay { milliseconds: 300 }).once());
    let since = Instant::now();
    assert_eq!(ask().await.expect("an answer").status(), 200);
    assert!(since.elapsed() >= Duration::from_millis(300));
    simulator.set_latency(Duration::from_millis(100));
    let since = Instant::now();
    assert_eq!(ask().await.expect("an answer").status(), 200);
    assert!(since.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn several_faults_strike_together() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::Truncate { keep: 5 }));
    let problem = GraphqlProblem::BackfillRunning;
    simulator.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlWarning { problem }));
    let answer = session.query(LIST, json!(null)).await;
    assert_eq!(answer["data"]["workbooksConnection"]["nodes"].as_array().map(Vec::len), Some(5));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BACKFILL_RUNNING");
}
