//! `tabmap init --snowflake-objects --apply` where something is there already: of an earlier run, a dead one, or changed since.

use std::collections::BTreeMap;

use serde_json::json;

use crate::apply::{APPLY, answers, changes, ground, run, shows_nothing};
use crate::files::by_name;
use test_support::desk::Desk;
use test_support::emulator::Tenant;

const INTEGRATION: &str = "^SHOW INTEGRATIONS LIKE ('API__TABLEAU')";

/// Snowflake's description of the external access integration from now on.
async fn describes_integration(tenant: &Tenant, enabled: bool, secrets: &str) {
    let sql = format!(
        "SELECT 'ENABLED' AS \"property\", 'Boolean' AS \"property_type\", '{enabled}' AS \"property_value\", 'false' AS \
         \"property_default\" UNION ALL SELECT 'ALLOWED_AUTHENTICATION_SECRETS', 'List', '{secrets}', '[]'"
    );
    answers(tenant, "^DESCRIBE EXTERNAL ACCESS INTEGRATION \"API__TABLEAU\"", &sql).await;
}

/// Snowflake finds from now on whatever is asked for, made by these files. Their text stands in for what it shows of
/// a definition, a condition or a list of hosts.
async fn shows_all(tenant: &Tenant, files: &BTreeMap<String, String>) {
    let text = |file: &str| {
        let text = files[file].replace('\\', r"\\\\").replace('\'', "''");
        format!("'{}'", text.replace('$', "' || CHR(36) || '"))
    };
    describes_integration(tenant, true, "[DB.PROCEDURES.API__TABLEAU__PAT_NAME]").await;
    for (form, file) in [
        ("^SHOW TASKS LIKE ('[^']*')", "60_task.sql"),
        ("^SHOW ALERTS LIKE ('[^']*')", "70_alert_email.sql"),
        ("^DESCRIBE (NETWORK RULE)", "10_network_rule.sql"),
        ("^DESCRIBE (NOTIFICATION INTEGRATION)", "70_alert_email.sql"),
    ] {
        let name = if form.starts_with("^SHOW") { r"\1" } else { "'it'" };
        answers(
            tenant,
            form,
            &format!("SELECT {name} AS \"name\", 'false' AS \"flag\", {} AS \"text\"", text(file)),
        )
        .await;
    }
    answers(tenant, "^SHOW [A-Z ]+ LIKE ('[^']*')", r#"SELECT \1 AS "name", 'false' AS "flag""#).await;
}

fn printed(desk: &Desk) -> BTreeMap<String, String> {
    by_name(&tokio::task::block_in_place(|| desk.done(&["init", "--snowflake-objects", "--print"])))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_shown_and_left_alone_and_no_token_is_needed() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    desk.unset("TABLEAU_PAT_SECRET");
    // The emulator replaces the view, for which it needs the tables.
    run(&desk, &["init"]);
    let before = changes(&tenant).await.len();
    shows_all(&tenant, &printed(&desk)).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(!answer.stdout.contains(": created"), "{}", answer.stdout);
    assert_eq!(answer.stdout.matches(": replaced").count(), 3, "{}", answer.stdout);
    assert_eq!(answer.stdout.matches(": is there").count(), 17, "{}", answer.stdout);
    assert!(!answer.stdout.contains("disabled") && !answer.stdout.contains("differs"), "{}", answer.stdout);
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
    answers(&tenant, INTEGRATION, r#"SELECT \1 AS "name""#).await;
    describes_integration(&tenant, false, "[DB.PROCEDURES.API__TABLEAU__PAT_NAME]").await;
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let line = "external access integration \"API__TABLEAU\": is there, and disabled\n";
    assert!(answer.stdout.contains(line), "{}", answer.stdout);
    assert!(!changes(&tenant).await.iter().any(|sql| sql.starts_with("ALTER")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_that_a_dead_run_left_without_its_secrets_is_completed_by_the_next() {
    let tenant = Tenant::new().await;
    let refused = json!({
        "at": "statement", "match": "^ALTER EXTERNAL ACCESS", "times": 1,
        "action": { "code": "000604", "message": "SQL execution canceled" }
    });
    tenant.arm(refused).await;
    // The first run finds no integration, the second one the first one's.
    let none = json!({
        "at": "statement", "match": INTEGRATION, "times": 1, "action": { "sql": "SELECT 1 WHERE FALSE" }
    });
    tenant.arm(none).await;
    let desk = ground(&tenant).await;
    answers(&tenant, INTEGRATION, r#"SELECT \1 AS "name""#).await;
    describes_integration(&tenant, false, "[]").await;
    shows_nothing(&tenant).await;
    run(&desk, &APPLY).refused(1, &["000604", "apply again: it continues from here"]);

    let before = changes(&tenant).await.len();
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let line =
        "external access integration \"API__TABLEAU\": was there without its secrets, and is completed\n";
    assert!(answer.stdout.contains(line), "{}", answer.stdout);
    let sent: Vec<_> = changes(&tenant).await.into_iter().skip(before).collect();
    assert_eq!(
        sent.iter().filter(|sql| sql.contains("EXTERNAL ACCESS")).collect::<Vec<_>>(),
        ["ALTER EXTERNAL ACCESS INTEGRATION"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_configured_otherwise_since_is_shown_with_the_statement_that_changes_it_and_not_changed() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    run(&desk, &["init"]);
    shows_all(&tenant, &printed(&desk)).await;
    desk.set("TABLEAU_SERVER", "https://other.example.com".to_owned());
    let nightly = "{ resource_type = \"datasource\", resource_name = \"Orders\", project_name = \"Finance\", schedule = \"60 MINUTE\" }";
    desk.write(
        "tabmap.toml",
        &format!(
            "[snowflake]\ndatabase = \"{}\"\n[snowflake.objects]\nalert_email = \"you@example.com\"\nnightly = {nightly}\n",
            tenant.database
        ),
    );
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let said = answer.stdout.replace(&tenant.database, "DB");
    let differing =
        said.lines().filter(|line| line.contains("differs") || line.trim_start().starts_with("ALTER"));
    insta::assert_snapshot!(differing.collect::<Vec<_>>().join("\n"));
    assert!(!changes(&tenant).await.iter().any(|sql| sql.starts_with("ALTER")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_whose_creation_was_not_heard_of_is_still_enabled() {
    let tenant = Tenant::new().await;
    let create = "CREATE EXTERNAL ACCESS INTEGRATION";
    tenant.arm(json!({ "at": "statement", "match": create, "action": { "drop": true } })).await;
    let desk = ground(&tenant).await;
    let found = json!({
        "at": "statement", "match": INTEGRATION, "skip": 1, "times": 10,
        "action": { "sql": r#"SELECT \1 AS "name""# }
    });
    tenant.arm(found).await;
    describes_integration(&tenant, false, "[]").await;
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer.stdout.contains("external access integration \"API__TABLEAU\": created\n"),
        "{}",
        answer.stdout
    );
    let sent = changes(&tenant).await;
    assert_eq!(sent.iter().filter(|sql| sql.starts_with(create)).count(), 1, "{sent:?}");
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("ALTER EXTERNAL")).count(), 1, "{sent:?}");
}
