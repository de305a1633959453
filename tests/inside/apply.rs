//! `tabmap init --snowflake-objects`: what it prints, and what it applies in which order.
//!
//! The emulator creates tables, view and schemas. What it does not know (roles, secrets, procedures, tasks) it notes and
//! answers as done, so these tests show which statements are sent, when and how often, and not that Snowflake takes them.

use serde_json::{Value, json};
use test_support::desk::{Answer, Desk};
use test_support::emulator::Tenant;

use crate::files::by_name;

pub const APPLY: [&str; 3] = ["init", "--snowflake-objects", "--apply"];

/// What fakesnow does not know, without SHOW.
const UNKNOWN: &str = "^(?:--[^\n]*\n)*(?:GRANT|USE ROLE|ALTER EXTERNAL|CREATE (?:OR REPLACE )?\
                       (?:ROLE|DATABASE|NETWORK|SECRET|EXTERNAL|NOTIFICATION|PROCEDURE|FUNCTION|TASK|ALERT|IMAGE|COMPUTE))";

/// A desk whose map is in Snowflake, with everything configured.
pub async fn ground(tenant: &Tenant) -> Desk {
    let mut desk = Desk::generated(1, 1, 1);
    for (name, value) in tenant.environment(&[]) {
        desk.set(&name, value);
    }
    desk.set("TABMAP_STORE", "snowflake:test");
    let nightly = "{ resource_type = \"workbook\", resource_name = \"It's\", project_name = \"Finance\" }";
    desk.write(
        "tabmap.toml",
        &format!(
            "[snowflake]\ndatabase = \"{}\"\n[snowflake.objects]\nalert_email = \"us@example.com\"\nnightly = {nightly}\n",
            tenant.database
        ),
    );
    accept(tenant).await;
    desk
}

/// Lets the emulator note what it does not know, and answer that it is done.
pub async fn accept(tenant: &Tenant) {
    let fault =
        json!({ "at": "statement", "match": UNKNOWN, "times": 1000, "action": { "sql": "SELECT 1" } });
    tenant.arm(fault).await;
}

/// Snowflake's answer from now on to statements of this form, each time.
pub async fn answers(tenant: &Tenant, form: &str, sql: &str) {
    let fault = json!({ "at": "statement", "match": form, "times": 1000, "action": { "sql": sql } });
    tenant.arm(fault).await;
}

/// Snowflake finds nothing of what is asked for from now on.
pub async fn shows_nothing(tenant: &Tenant) {
    answers(tenant, "^SHOW ", "SELECT 1 WHERE FALSE").await;
}

pub fn run(desk: &Desk, arguments: &[&str]) -> Answer {
    tokio::task::block_in_place(|| desk.run(arguments))
}

/// The statements so far, but SHOW and DESCRIBE: up to the first name or line end.
pub async fn changes(tenant: &Tenant) -> Vec<String> {
    let statements = tenant
        .statements()
        .await
        .into_iter()
        .filter(|sql| !sql.starts_with("SHOW") && !sql.starts_with("DESCRIBE"));
    statements.map(|sql| sql.split(['\n', '"']).next().unwrap().trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_applied_in_order_and_the_secret_is_nowhere_but_in_its_statement() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    insta::assert_snapshot!(answer.stdout.replace(&tenant.database, "DB"));
    insta::assert_snapshot!(changes(&tenant).await.join("\n"));

    let rows = tenant.sql(&["SELECT COUNT(*) AS N FROM API__TABLEAU__AMBIGUOUS_KEYS"]).await;
    assert_eq!(rows, [[Some("0".to_owned())]], "table and view are there");

    let secret = desk.tableau.pat().1;
    assert!(!answer.stdout.contains(secret) && !answer.stderr.contains(secret));
    let log = tenant.log("statements").await;
    let with_secret: Vec<_> =
        log.iter().filter(|entry| entry["sql"].as_str().unwrap().contains(secret)).collect();
    assert_eq!(with_secret.len(), 1);
    assert!(with_secret[0]["sql"].as_str().unwrap().contains("API__TABLEAU__PAT_VALUE"));

    let task =
        log.iter().filter_map(|entry| entry["sql"].as_str()).find(|sql| sql.contains("CREATE TASK IF"));
    let call = "(RESOURCE_TYPE => 'workbook', RESOURCE_NAME => 'It''s', PROJECT_NAME => 'Finance', SITE_ID => '') INTO :answer";
    assert!(task.unwrap().contains(call), "{task:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_for_missing_secrets_nothing_is_changed() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    desk.unset("TABLEAU_PAT_SECRET");
    shows_nothing(&tenant).await;
    run(&desk, &APPLY).refused(
        1,
        &["PAT_NAME\" does not exist, and nothing is given to put into it", "TABLEAU_PAT_SECRET"],
    );
    assert_eq!(changes(&tenant).await, ["USE ROLE ACCOUNTADMIN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_statement_says_who_may_run_it_and_applying_again_goes_on() {
    let tenant = Tenant::new().await;
    let refusal = json!({
        "at": "statement", "match": "USE ROLE ACCOUNTADMIN", "times": 1,
        "action": { "code": "003013", "message": "Requested role 'ACCOUNTADMIN' is not assigned to the executing user." }
    });
    tenant.arm(refusal).await;
    let overload = json!({
        "at": "statement", "match": "CREATE OR REPLACE PROCEDURE", "times": 1,
        "action": { "code": "000949", "message": "Cannot overload PROCEDURE" }
    });
    tenant.arm(overload).await;
    let ended =
        json!({ "at": "statement", "match": "CREATE SECRET", "times": 1, "action": { "forget": true } });
    tenant.arm(ended).await;
    let desk = ground(&tenant).await;
    shows_nothing(&tenant).await;
    run(&desk, &APPLY).refused(1, &["003013", "this needs ACCOUNTADMIN", "--print"]);
    run(&desk, &APPLY).refused(1, &["000949", "with other arguments is in the way", "RENAME"]);
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_setting_is_left_out_and_said_so() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n", tenant.database));
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    for line in [
        "60_task.sql: left out (set `nightly` under `[snowflake.objects]` to what it shall refresh)",
        "70_alert_email.sql: left out (set `alert` under `[snowflake.objects]` to whom it shall tell)",
        "80_stream_example.sql: left out (an example, for a table of yours)",
        "90_container.sql: left out (set `container` under `[snowflake.objects]` to sync inside Snowflake)",
    ] {
        assert!(answer.stdout.contains(line), "{}", answer.stdout);
    }
    let sent = changes(&tenant).await;
    assert!(
        !sent.iter().any(|sql| sql.starts_with("CREATE TASK") || sql.starts_with("CREATE ALERT")),
        "{sent:?}"
    );
}

#[test]
fn printing_needs_a_server_and_nothing_else_and_never_shows_the_token() {
    let mut desk = Desk::generated(1, 1, 1);
    let secret = desk.tableau.pat().1.to_owned();
    let printed = desk.done(&["init", "--snowflake-objects", "--print"]);
    assert_eq!(printed, desk.done(&["init", "--snowflake-objects"]));
    assert!(!printed.contains(&secret));
    let files = by_name(&printed);
    assert_eq!(files.len(), 10);
    let administrators: Vec<_> = printed
        .lines()
        .filter(|line| line.starts_with("-- ======== ") && line.contains("needs ACCOUNTADMIN"))
        .collect();
    assert_eq!(administrators.len(), 7, "{administrators:?}");
    assert!(std::fs::read_dir(desk.path(".")).unwrap().next().is_none(), "nothing was written");

    desk.run(&APPLY).refused(2, &["a connection to Snowflake is not set", "--store snowflake:NAME"]);
    assert_eq!(desk.run(&["init", "--apply"]).exit, 2);
    assert_eq!(desk.run(&["init", "--snowflake-objects", "--apply", "--print"]).exit, 2);
    desk.unset("TABLEAU_SERVER");
    desk.run(&["init", "--snowflake-objects"]).refused(2, &["the Tableau server is not set"]);
}

#[test]
fn names_come_from_the_configuration_and_unknown_ones_are_refused() {
    let desk = Desk::generated(1, 1, 1);
    desk.write(
        "tabmap.toml",
        "[snowflake]\ndatabase = \"my db\"\n[snowflake.objects]\nschema = \"p\"\nsync_role = \"s\"\ncall_role = \"c\"\n\
         warehouse = \"w\"\nintegration = \"i\"\n",
    );
    let printed = desk.done(&["init", "--snowflake-objects"]);
    for part in [
        "CREATE SCHEMA IF NOT EXISTS \"my db\".\"p\";",
        "GRANT USAGE ON WAREHOUSE \"w\" TO ROLE \"c\";",
        "CREATE EXTERNAL ACCESS INTEGRATION \"i\"",
        "GRANT USAGE ON INTEGRATION \"i\" TO ROLE \"s\";",
        "RESOURCES = '\"my db\".\"MAPPING_TABLES\".\"API__TABLEAU__RESOURCES\"'",
    ] {
        assert!(printed.contains(part), "{part}");
    }
    assert!(!printed.contains("PROJECT_PATH =>"));
    let nightly = "{ resource_type = \"workbook\", resource_name = \"N\", project_name = \"EMEA\", project_path = \"It's/EMEA\" }";
    desk.write("tabmap.toml", &format!("[snowflake.objects]\nnightly = {nightly}\n"));
    let task = by_name(&desk.done(&["init", "--snowflake-objects"])).remove("60_task.sql").unwrap();
    assert_eq!(
        task.matches("SITE_ID => '', PROJECT_PATH => 'It''s/EMEA') INTO :answer").count(),
        2,
        "{task}"
    );
    desk.write("tabmap.toml", "[snowflake.objects]\nrole = \"x\"\n");
    desk.run(&["init", "--snowflake-objects"]).refused(2, &["unknown field `role`"]);
    desk.write("tabmap.toml", "[snowflake.objects]\nschema = \"$$\"\n");
    desk.run(&["init", "--snowflake-objects"])
        .refused(2, &["`schema` under `[snowflake.objects]` is not valid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_emulator_only_noted_is_told_apart_from_what_it_ran() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    shows_nothing(&tenant).await;
    run(&desk, &APPLY);
    let log = tenant.log("statements").await;
    let ran: Vec<Value> =
        log.iter().filter(|entry| entry["outcome"] == "ok").map(|entry| entry["sql"].clone()).collect();
    assert_eq!(ran.len(), 7, "two schemas, three tables, a view, and the warehouse in use: {ran:?}");
}
