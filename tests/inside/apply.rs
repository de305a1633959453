//! `tabmap init --snowflake-objects`: what it prints, and what it applies in which order.
//!
//! The emulator creates tables, view and schemas. What it does not know (roles, secrets, procedures, tasks) it notes and
//! answers as done, so these tests show which statements are sent, when and how often, and not that Snowflake takes them.

use serde_json::{Value, json};

use crate::desk::{Answer, Desk};
use crate::emulator::Tenant;
use crate::files::by_name;

const APPLY: [&str; 3] = ["init", "--snowflake-objects", "--apply"];

/// What fakesnow does not know, without SHOW.
const UNKNOWN: &str = "^(?:--[^\n]*\n)*(?:GRANT|USE ROLE|ALTER EXTERNAL|CREATE (?:OR REPLACE )?\
                       (?:ROLE|DATABASE|NETWORK|SECRET|EXTERNAL|NOTIFICATION|PROCEDURE|FUNCTION|TASK|ALERT))";

/// A desk whose map is in Snowflake, with everything configured.
async fn ground(tenant: &Tenant) -> Desk {
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

/// Snowflake's answer to every SHOW from now on: nothing, or exactly what was asked for.
pub async fn shows(tenant: &Tenant, found: bool) {
    let sql = if found { r#"SELECT \1 AS "name", 'true' AS "enabled""# } else { "SELECT 1 WHERE FALSE" };
    let fault = json!({
        "at": "statement", "match": "^SHOW [A-Z ]+ LIKE ('[^']*')", "times": 1000, "action": { "sql": sql }
    });
    tenant.arm(fault).await;
}

fn run(desk: &Desk, arguments: &[&str]) -> Answer {
    tokio::task::block_in_place(|| desk.run(arguments))
}

/// The statements so far, but SHOW: up to the first name or line end.
async fn changes(tenant: &Tenant) -> Vec<String> {
    let statements = tenant.statements().await.into_iter().filter(|sql| !sql.starts_with("SHOW"));
    statements.map(|sql| sql.split(['\n', '"']).next().unwrap().trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_applied_in_order_and_the_secret_is_nowhere_but_in_its_statement() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    shows(&tenant, false).await;
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
    assert!(task.unwrap().contains("('workbook', 'It''s', 'Finance', '') INTO :answer"), "{task:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_shown_and_left_alone_and_no_token_is_needed() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    desk.unset("TABLEAU_PAT_SECRET");
    // The emulator replaces the view, for which it needs the tables.
    run(&desk, &["init"]);
    let before = changes(&tenant).await.len();
    shows(&tenant, true).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(!answer.stdout.contains(": created"), "{}", answer.stdout);
    assert_eq!(answer.stdout.matches(": replaced").count(), 3, "{}", answer.stdout);
    assert_eq!(answer.stdout.matches(": is there").count(), 17, "{}", answer.stdout);
    let created: Vec<_> =
        changes(&tenant).await.into_iter().skip(before).filter(|sql| sql.starts_with("CREATE")).collect();
    assert_eq!(
        created,
        [
            "CREATE OR REPLACE VIEW",
            "CREATE OR REPLACE PROCEDURE",
            "CREATE OR REPLACE FUNCTION",
            "CREATE OR REPLACE FUNCTION"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_that_somebody_disabled_stays_so_and_is_shown() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    let disabled = json!({
        "at": "statement", "match": "^SHOW INTEGRATIONS LIKE ('API__TABLEAU')", "times": 10,
        "action": { "sql": r#"SELECT \1 AS "name", 'false' AS "enabled""# }
    });
    tenant.arm(disabled).await;
    shows(&tenant, false).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let line = "external access integration \"API__TABLEAU\": is there, and disabled\n";
    assert!(answer.stdout.contains(line), "{}", answer.stdout);
    assert!(!changes(&tenant).await.iter().any(|sql| sql.starts_with("ALTER")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_whose_creation_was_not_heard_of_is_still_enabled() {
    let tenant = Tenant::new().await;
    let create = "CREATE EXTERNAL ACCESS INTEGRATION";
    tenant.arm(json!({ "at": "statement", "match": create, "action": { "drop": true } })).await;
    let desk = ground(&tenant).await;
    let once = json!({
        "at": "statement", "match": "^SHOW INTEGRATIONS LIKE ('API__TABLEAU')", "skip": 1, "times": 10,
        "action": { "sql": r#"SELECT \1 AS "name", 'false' AS "enabled""# }
    });
    tenant.arm(once).await;
    shows(&tenant, false).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer.stdout.contains("external access integration \"API__TABLEAU\": created\n"),
        "{}",
        answer.stdout
    );
    let sent = changes(&tenant).await;
    assert_eq!(sent.iter().filter(|sql| sql.starts_with(create)).count(), 1, "{sent:?}");
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("ALTER EXTERNAL")).count(), 2, "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_for_missing_secrets_nothing_is_changed() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    desk.unset("TABLEAU_PAT_SECRET");
    shows(&tenant, false).await;
    run(&desk, &APPLY).refused(1, &["the secrets of the procedure do not exist", "TABLEAU_PAT_SECRET"]);
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
    shows(&tenant, false).await;
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
    shows(&tenant, false).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    for line in [
        "60_task.sql: left out (set `nightly` under `[snowflake.objects]` to what it shall refresh)",
        "70_alert.sql: left out (set `alert_email` under `[snowflake.objects]` to whom it shall tell)",
        "80_stream_example.sql: left out (an example, for a table of yours)",
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
    assert_eq!(files.len(), 9);
    let administrators: Vec<_> = printed
        .lines()
        .filter(|line| line.starts_with("-- ======== ") && line.contains("needs ACCOUNTADMIN"))
        .collect();
    assert_eq!(administrators.len(), 6, "{administrators:?}");
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
    shows(&tenant, false).await;
    run(&desk, &APPLY);
    let log = tenant.log("statements").await;
    let ran: Vec<Value> =
        log.iter().filter(|entry| entry["outcome"] == "ok").map(|entry| entry["sql"].clone()).collect();
    assert_eq!(ran.len(), 6, "two schemas, three tables and a view: {ran:?}");
}
