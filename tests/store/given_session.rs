//! Sessions that somebody else opened, through the `tabmap` binary.

use serde_json::json;
use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::emulator::Tenant;

use crate::ways::{desk, init, signs_in};

/// A tenant with a session that is open, and its two tokens.
async fn open_session() -> (Tenant, [String; 2]) {
    let tenant = Tenant::new().await;
    // The end of this session does not reach Snowflake.
    tenant.arm(json!({"at": "close", "action": {"http": 503}})).await;
    signs_in(&desk(&tenant, &[("user", &tenant.user), ("password", &tenant.password)]));
    let session = &tenant.log("sessions").await[0];
    let tokens = ["token", "master_token"].map(|name| session[name].as_str().unwrap().to_owned());
    (tenant, tokens)
}

fn desk_of(tenant: &Tenant, [session, master]: &[String; 2]) -> Desk {
    desk(tenant, &[("session_token", session), ("master_token", master)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_somebody_else_opened_is_used_and_left_open() {
    let (tenant, tokens) = open_session().await;
    let desk = desk_of(&tenant, &tokens);
    desk.publish(Kind::Workbook, &["default"], "Sales");
    let said = tokio::task::block_in_place(|| desk.run(&["sync", "-vvv"]));
    said.exit_is(0);
    assert!(tokens.iter().all(|token| !said.stderr.contains(token)), "{}", said.stderr);
    assert_eq!(tenant.log("logins").await.len(), 1, "nobody signed in again");
    let sessions = tenant.log("sessions").await;
    assert_eq!((sessions.len(), &sessions[0]["closed"]), (1, &json!(false)));
    let statements = tenant.log("statements").await;
    let taken_over =
        statements.iter().find(|statement| statement["sql"].as_str().unwrap().starts_with("ALTER"));
    let sql = taken_over.unwrap()["sql"].as_str().unwrap();
    for parameter in ["AUTOCOMMIT = true", "TIMEZONE = 'UTC'", "LOCK_TIMEOUT = 300", "QUERY_TAG = 'tabmap "] {
        assert!(sql.contains(parameter), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_somebody_else_opened_is_renewed_when_it_has_expired() {
    let (tenant, tokens) = open_session().await;
    for sql in ["^ALTER SESSION", "MERGE INTO"] {
        tenant.arm(json!({"at": "statement", "match": sql, "action": {"expire": "session"}})).await;
    }
    let desk = desk_of(&tenant, &tokens);
    desk.publish(Kind::Workbook, &["default"], "Sales");
    tokio::task::block_in_place(|| desk.done(&["sync"]));
    assert_eq!((tenant.log("renewals").await.len(), tenant.log("logins").await.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_no_open_session_are_refused_with_what_to_do() {
    let (tenant, tokens) = open_session().await;
    let wrong = tokens.clone().map(|_| "wrong-token".to_owned());
    let answer = init(&desk_of(&tenant, &wrong));
    answer.refused(1, &["390104", "of a session that is open"]);
    assert!(!answer.stderr.contains("wrong-token"), "{}", answer.stderr);
    init(&desk_of(&tenant, &[tokens[0].clone(), String::new()])).refused(2, &["no `master_token`"]);
    init(&desk_of(&tenant, &[String::new(), tokens[1].clone()])).refused(2, &["no `session_token`"]);
    // The session ends in mid-run, and its tokens are not good for another.
    let desk = desk_of(&tenant, &tokens);
    desk.publish(Kind::Workbook, &["default"], "Sales");
    tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"forget": true}})).await;
    let answer = tokio::task::block_in_place(|| desk.run(&["sync"]));
    answer.refused(1, &["is in use or has ended", "`--parallel 1`"]);
}
