//! What the refresh procedure answers, and what it does at Tableau.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Effect, Endpoint, Fault, JobPlan, Kind, Outcome};
use tabmap::store::snowflake::TableNames;

use crate::ground::Ground;
use crate::snowpark::CLIENTS;

pub const COMPLETE: &str = "Resource refresh complete";

pub fn plan(outcome: Outcome) -> JobPlan {
    JobPlan { pending: Duration::ZERO, running: Duration::from_millis(100), outcome }
}

pub fn rest_error(code: u32) -> Effect {
    Effect::RestError { code, headers: BTreeMap::new() }
}

pub fn raised(answer: &Value) -> &str {
    answer["raised"].as_str().unwrap_or_else(|| panic!("it answered {answer}"))
}

fn without_more() -> [Value; 3] {
    [Value::Null, Value::Null, Value::Null]
}

#[test]
fn a_workbook_and_a_data_source_are_refreshed_by_what_people_call_them() {
    for client in CLIENTS {
        let mut ground = Ground { client, ..Ground::new() };
        let workbook = ground.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
        let datasource = ground.publish(Kind::Datasource, &["Finance", "EMEA"], "Sales");
        ground.publish(Kind::Workbook, &["Finance"], "Sales");
        let calls = json!([
            ground.arguments("workbook", "Sales", "EMEA", without_more()),
            ground.arguments("Datasource", "Sales", "EMEA", without_more()),
        ]);
        assert_eq!(ground.call(&calls), [COMPLETE, COMPLETE]);
        assert_eq!(
            ground.refreshes(),
            [format!("workbooks/{workbook}"), format!("datasources/{datasource}")]
        );
        assert_eq!(ground.tableau.live_sessions(), 0, "it signed out");
    }
}

#[test]
fn an_empty_site_is_the_default_site() {
    let mut ground = Ground::with(&["", "MySite"]);
    let luid = ground.publish(Kind::Workbook, &["default"], "Sales");
    let mut by_word = ground.arguments("workbook", "Sales", "default", without_more());
    by_word[3] = json!("Default");
    let calls = json!([ground.arguments("workbook", "Sales", "default", without_more()), by_word]);
    assert_eq!(ground.call(&calls), [COMPLETE, COMPLETE]);
    assert_eq!(ground.refreshes(), [format!("workbooks/{luid}"), format!("workbooks/{luid}")]);
}

#[test]
fn what_is_missing_and_what_is_unknown_is_answered_and_nothing_is_asked_of_tableau() {
    let mut ground = Ground::new();
    ground.publish(Kind::Workbook, &["Finance"], "Sales");
    let unknown = ground.arguments("datasource", "Sales", "Finance", without_more());
    let other_case = ground.arguments("workbook", "sales", "Finance", without_more());
    let mut calls = vec![unknown, other_case];
    for missing in 0..5 {
        let mut arguments = ground.arguments("workbook", "Sales", "Finance", without_more());
        arguments[missing] = Value::Null;
        calls.push(arguments);
    }
    let answers = ground.call(&Value::from(calls));
    assert_eq!(answers[..2], ["Resource not in mapping table", "Resource not in mapping table"]);
    for answer in &answers[2..] {
        assert!(answer.as_str().unwrap().starts_with("Missing inputs"), "{answer}");
    }
    assert!(ground.tableau.requests().is_empty());
}

#[test]
fn two_resources_under_one_key_are_refused_with_their_paths_until_the_path_is_said() {
    let mut ground = Ground::new();
    ground.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    let other = ground.publish(Kind::Workbook, &["HR", "EMEA"], "Sales");
    let calls = json!([
        ground.arguments("workbook", "Sales", "EMEA", without_more()),
        ground.arguments("workbook", "Sales", "EMEA", [json!("HR/EMEA"), Value::Null, Value::Null]),
        ground.arguments("workbook", "Sales", "EMEA", [json!("IT/EMEA"), Value::Null, Value::Null]),
    ]);
    let answers = ground.call(&calls);
    for part in
        ["2 resources", "`Finance/EMEA`", "`HR/EMEA`", &other, "PROJECT_PATH", "Nothing was refreshed"]
    {
        assert!(raised(&answers[0]).contains(part), "{part}: {}", answers[0]);
    }
    assert_eq!(answers[1..], [COMPLETE, "Resource not in mapping table"]);
    assert_eq!(ground.refreshes(), [format!("workbooks/{other}")]);
}

#[test]
fn a_stale_id_is_told_apart_and_says_when_the_map_was_last_synced() {
    let mut ground = Ground::new();
    ground.runs = json!([
        ["MySite", "complete", "2026-11-19T03:00:00"],
        ["MySite", "incomplete", "2026-11-20T03:15:00"],
        ["MySite", "abandoned", "2026-11-21T03:00:00"],
        ["Other", "complete", "2026-11-21T03:00:00"],
    ]);
    let luid = ground.publish(Kind::Workbook, &["Finance"], "Sales");
    ground.tableau.republish("MySite", Kind::Workbook, &luid);
    let datasource = ground.publish(Kind::Datasource, &["Finance"], "Orders");
    ground.tableau.delete("MySite", Kind::Datasource, &datasource);
    let calls = json!([
        ground.arguments("workbook", "Sales", "Finance", without_more()),
        ground.arguments("datasource", "Orders", "Finance", without_more()),
    ]);
    let answers = ground.call(&calls);
    for (answer, parts) in answers.iter().zip([[luid.as_str(), "404006"], [datasource.as_str(), "404004"]]) {
        for part in parts.into_iter().chain(["last synced at 2026-11-20 03:15 UTC", "tabmap sync"]) {
            assert!(raised(answer).contains(part), "{part}: {answer}");
        }
    }
    ground.runs = json!([]);
    assert!(raised(&ground.call(&calls)[0]).contains("never been synced"));
}

#[test]
fn a_refresh_that_tableau_does_not_allow_says_so_and_is_not_called_stale() {
    let mut ground = Ground::new();
    ground.tableau.arm(Fault::on(Endpoint::Refresh, rest_error(409_090)));
    let answer = ground.refresh_sales(plan(Outcome::Success));
    assert!(raised(&answer).starts_with("Tableau refused to refresh workbook `Sales`"), "{answer}");
    assert!(raised(&answer).contains("409090") && !raised(&answer).contains("synced"), "{answer}");
}

#[test]
fn a_refresh_that_is_under_way_is_adopted_by_old_and_new_clients_and_no_second_one_is_started() {
    for client in CLIENTS {
        let mut ground = Ground { client, ..Ground::new() };
        let others: Vec<_> = ["Orders", "Sales 2"]
            .iter()
            .map(|name| ground.publish(Kind::Workbook, &["Finance"], name))
            .collect();
        let datasource = ground.publish(Kind::Datasource, &["Finance"], "Sales");
        let luid = ground.publish(Kind::Workbook, &["Finance"], "Sales");
        let running = Duration::from_secs(4);
        ground.tableau.plan_jobs(JobPlan { pending: running / 2, running, outcome: Outcome::Success });
        let no_wait = || [Value::Null, json!(false), Value::Null];
        let calls = json!([
            ground.arguments("workbook", "Orders", "Finance", no_wait()),
            ground.arguments("datasource", "Sales", "Finance", no_wait()),
            ground.arguments("workbook", "Sales", "Finance", no_wait()),
            ground.arguments("workbook", "Sales", "Finance", no_wait()),
            ground.arguments("workbook", "Sales", "Finance", [Value::Null, json!(true), json!(30)]),
        ]);
        let answers = ground.call(&calls);
        let queued = answers[2].as_str().unwrap().strip_prefix("Resource refresh queued: job ").unwrap();
        assert_eq!(answers[3], format!("Resource refresh already queued: job {queued}"));
        assert_eq!(answers[4], COMPLETE);
        let workbook = format!("workbooks/{luid}");
        let first = [format!("workbooks/{}", others[0]), format!("datasources/{datasource}")];
        let all = [&first[..], &[workbook.clone(), workbook.clone(), workbook]].concat();
        assert_eq!(ground.refreshes(), all);
    }
}

#[test]
fn a_queued_refresh_whose_job_cannot_be_found_says_who_may_look_for_it() {
    let mut ground = Ground::new();
    let luid = ground.publish(Kind::Workbook, &["Finance"], "Sales");
    ground.tableau.plan_jobs(JobPlan { running: Duration::from_secs(60), ..plan(Outcome::Success) });
    ground.tableau.arm(Fault::on(Endpoint::Jobs, rest_error(403_004)));
    let arguments =
        ground.arguments("workbook", "Sales", "Finance", [Value::Null, json!(false), Value::Null]);
    let answers = ground.call(&json!([arguments, arguments]));
    assert!(raised(&answers[1]).contains("administrator"), "{}", answers[1]);
    assert_eq!(ground.refreshes(), vec![format!("workbooks/{luid}"); 3]);
}

#[test]
fn a_failed_job_fails_the_call_with_tableaus_reason() {
    let mut ground = Ground::new();
    let answer =
        ground.refresh_sales(plan(Outcome::Failure("The table \"ORDERS\" was not found.".to_owned())));
    assert!(raised(&answer).contains("failed in Tableau (job "), "{answer}");
    assert!(raised(&answer).ends_with("The table \"ORDERS\" was not found."), "{answer}");
    assert_eq!(ground.tableau.live_sessions(), 0, "it signed out");
}

#[test]
fn a_cancelled_job_fails_the_call() {
    let answer = Ground::new().refresh_sales(plan(Outcome::Cancelled));
    assert!(raised(&answer).contains("was cancelled in Tableau (job "), "{answer}");
}

#[test]
fn a_job_that_tableau_bridge_completed_is_a_success() {
    assert_eq!(Ground::new().refresh_sales(plan(Outcome::CompletedByBridge)), COMPLETE);
}

#[test]
fn a_job_that_was_handed_to_tableau_bridge_is_asked_for_until_bridge_is_done() {
    let bridge = |outcome| JobPlan { running: Duration::from_secs(3), ..plan(outcome) };
    let begun = std::time::Instant::now();
    assert_eq!(Ground::new().refresh_sales(bridge(Outcome::CompletedByBridge)), COMPLETE);
    assert!(begun.elapsed() >= Duration::from_secs(3), "0 was only the handing over");
    let failed = Outcome::FailedByBridge("no client is connected".to_owned());
    let answer = Ground::new().refresh_sales(bridge(failed));
    assert!(raised(&answer).ends_with("no client is connected"), "{answer}");
    let answer = Ground::new()
        .refresh_sales(JobPlan { running: Duration::from_secs(60), ..plan(Outcome::CompletedByBridge) });
    assert!(raised(&answer).contains("at Tableau Bridge, which it was handed to"), "{answer}");
}

#[test]
fn a_job_that_outlasts_the_timeout_fails_the_call_and_goes_on() {
    let mut ground = Ground::new();
    ground.publish(Kind::Workbook, &["Finance"], "Sales");
    ground.tableau.plan_jobs(JobPlan { running: Duration::from_secs(60), ..plan(Outcome::Success) });
    let arguments = ground.arguments("workbook", "Sales", "Finance", [Value::Null, json!(true), json!(2)]);
    let answer = ground.call(&json!([arguments])).remove(0);
    assert!(raised(&answer).contains("was not done after 2 seconds; job "), "{answer}");
    assert!(raised(&answer).ends_with("continues in Tableau"), "{answer}");
}

#[test]
fn a_refused_sign_in_names_the_site_and_not_the_secret() {
    let mut ground = Ground::new();
    "wrong-secret-value".clone_into(&mut ground.secret);
    let answer = ground.refresh_sales(plan(Outcome::Success));
    assert!(raised(&answer).contains("refused to sign in to site `MySite` (401001"), "{answer}");
}

#[test]
fn plain_http_is_for_this_machine_alone_and_addresses_hold_no_credentials() {
    let mut ground = Ground::new();
    ground.publish(Kind::Workbook, &["Finance"], "Sales");
    let url = ground.tableau.url().to_owned();
    let to = |address: &str| {
        let mut arguments = ground.arguments("workbook", "Sales", "Finance", without_more());
        arguments[4] = json!(address);
        arguments
    };
    let calls = json!([
        to("http://tableau.example.com"),
        to("http://127.0.0.1.example.com"),
        to("ftp://127.0.0.1"),
        to("https://me:mine@127.0.0.1"),
        to(&format!("{url}/#/site/MySite/workbooks")),
    ]);
    let answers = ground.call(&calls);
    for answer in &answers[..3] {
        assert!(raised(answer).contains("not an address as https://"), "{answer}");
    }
    assert!(
        raised(&answers[3]).contains("credentials") && !raised(&answers[3]).contains("mine"),
        "{}",
        answers[3]
    );
    assert_eq!(answers[4], COMPLETE);
}

#[test]
fn names_with_quotes_are_found_as_they_are_written() {
    let tables = TableNames {
        database: "It's a \"base\"".to_owned(),
        resources: "map \\ of 'names' $1 \u{1f5fa}".to_owned(),
        ..TableNames::default()
    };
    let mut ground = Ground { tables, ..Ground::new() };
    let mut calls = Vec::new();
    for (project, name) in
        [("O'Brien & \"Söhne\"", "It's \"Q3\""), ("a\\b", "'; DROP TABLE x; --"), ("$$", "${x} {y}")]
    {
        ground.publish(Kind::Datasource, &["Root", project], name);
        calls.push(ground.arguments("datasource", name, project, without_more()));
    }
    let decoy = ground.arguments("datasource", "It's \"Q4\"", "O'Brien & \"Söhne\"", without_more());
    calls.push(decoy);
    let answers = ground.call(&Value::from(calls));
    assert_eq!(answers, [COMPLETE, COMPLETE, COMPLETE, "Resource not in mapping table"]);
}
