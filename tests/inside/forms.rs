//! The forms that settings give to the statements: packages, private links, and whom the alert tells.

use test_support::desk::Desk;
use test_support::emulator::Tenant;

use crate::apply::{APPLY, answers, changes, ground, run, shows_nothing};
use crate::files::by_name;

const WEBHOOK: &str = "{ webhook = \"https://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET\" }";

fn printed(settings: &str) -> std::collections::BTreeMap<String, String> {
    let desk = Desk::empty();
    desk.write("tabmap.toml", &format!("[snowflake.objects]\n{settings}\n"));
    by_name(&desk.done(&["init", "--snowflake-objects", "--print"]))
}

#[test]
fn packages_come_from_the_repository_that_is_set_and_both_roles_may_use_it() {
    for (settings, repository, role) in [
        ("", "pypi_shared_repository", "PYPI_REPOSITORY_USER"),
        ("packages = \"pypi\"", "pypi_shared_repository", "PYPI_REPOSITORY_USER"),
        ("packages = \"anaconda\"", "anaconda_shared_repository", "ANACONDA_REPOSITORY_USER"),
    ] {
        let files = printed(settings);
        let procedure = &files["50_refresh_procedure.sql"];
        assert!(
            procedure
                .contains(&format!("\nARTIFACT_REPOSITORY = snowflake.snowpark.{repository}\nPACKAGES = ("))
        );
        for to in ["TABMAP_SYNC", "TABMAP_CALL"] {
            let grant = format!("GRANT DATABASE ROLE SNOWFLAKE.{role} TO ROLE \"{to}\";");
            assert!(files["00_roles_and_grants.sql"].contains(&grant), "{settings}: {grant}");
        }
    }
    let desk = Desk::empty();
    desk.write("tabmap.toml", "[snowflake.objects]\npackages = \"conda\"\n");
    desk.run(&["init", "--snowflake-objects"]).refused(2, &["`conda`", "`pypi`", "`anaconda`"]);
}

#[test]
fn the_warehouse_is_in_use_before_the_procedure_is_created() {
    let files = printed("warehouse = \"w\"");
    let (before, _) = files["50_refresh_procedure.sql"].split_once("CREATE OR REPLACE PROCEDURE").unwrap();
    assert!(before.contains("USE WAREHOUSE \"w\";"), "{before}");
}

#[test]
fn each_spelling_of_an_e_mail_address_makes_the_same_alert_and_two_are_refused() {
    let alert = |settings: &str| printed(settings).remove("70_alert_email.sql").unwrap();
    let older = alert("alert_email = \"us@example.com\"");
    assert!(older.contains("ALLOWED_RECIPIENTS = ('us@example.com')"), "{older}");
    assert_eq!(older, alert("alert = { email = \"us@example.com\" }"));
    let file = alert("alert = { email = [\"us@example.com\", \"you@example.com\"] }");
    assert!(file.contains("ALLOWED_RECIPIENTS = ('us@example.com', 'you@example.com')"), "{file}");
    assert!(file.contains("            'us@example.com, you@example.com',\n"), "{file}");
    let desk = Desk::empty();
    desk.write(
        "tabmap.toml",
        "[snowflake.objects]\nalert_email = \"a@x.org\"\nalert = { email = \"a@x.org\" }\n",
    );
    desk.run(&["init", "--snowflake-objects"])
        .refused(2, &["`alert_email` says it a second time", "keep `alert`"]);
    desk.write("tabmap.toml", "[snowflake.objects]\nalert = { mail = \"a@x.org\" }\n");
    desk.run(&["init", "--snowflake-objects"]).refused(2, &["`mail`", "`email`", "`webhook`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_by_webhook_puts_the_secret_into_its_own_statement_and_nowhere_else() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    let settings =
        format!("[snowflake]\ndatabase = \"{}\"\n[snowflake.objects]\nalert = {WEBHOOK}\n", tenant.database);
    desk.write("tabmap.toml", &settings);
    shows_nothing(&tenant).await;
    run(&desk, &APPLY)
        .refused(1, &["ALERT_WEBHOOK\" does not exist, and nothing is given", "ALERT_WEBHOOK_SECRET_FILE"]);
    assert_eq!(changes(&tenant).await, ["USE ROLE ACCOUNTADMIN"], "nothing was changed");

    desk.set("ALERT_WEBHOOK_SECRET", "T0/B0/hush");
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    for line in ["notification integration \"API__TABLEAU__WEBHOOK\": created", "MAP_IS_STALE\": created"] {
        assert!(answer.stdout.contains(line), "{}", answer.stdout);
    }
    let log = tenant.log("statements").await;
    let statements = log.iter().filter_map(|entry| entry["sql"].as_str());
    let with_secret: Vec<_> = statements.filter(|sql| sql.contains("T0/B0/hush")).collect();
    assert!(with_secret.len() == 1 && with_secret[0].contains("CREATE SECRET"), "{with_secret:?}");
    assert!(!answer.stdout.contains("hush") && !answer.stderr.contains("hush"));
    let alert = tenant.statements().await.into_iter().find(|sql| sql.starts_with("CREATE ALERT")).unwrap();
    assert!(alert.contains("SNOWFLAKE.NOTIFICATION.INTEGRATION('API__TABLEAU__WEBHOOK')"), "{alert}");
    assert!(!alert.contains("SEND_EMAIL"), "{alert}");
}

#[test]
fn a_webhook_whose_address_holds_its_secret_is_refused_without_showing_it() {
    let desk = Desk::empty();
    let webhook = "alert = { webhook = \"https://hooks.slack.com/services/T0/B0/hush\" }";
    desk.write("tabmap.toml", &format!("[snowflake.objects]\n{webhook}\n"));
    let answer = desk.run(&["init", "--snowflake-objects"]);
    answer.refused(2, &["`alert.webhook`", "SNOWFLAKE_WEBHOOK_SECRET", "ALERT_WEBHOOK_SECRET"]);
    assert!(!answer.stderr.contains("hush"), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_link_gets_a_rule_of_its_own_and_says_how_the_integration_takes_it() {
    let tenant = Tenant::new().await;
    let desk = ground(&tenant).await;
    let settings = format!(
        "[snowflake]\ndatabase = \"{}\"\n[snowflake.objects]\nprivate_link = true\n",
        tenant.database
    );
    desk.write("tabmap.toml", &settings);
    let rule = by_name(&tokio::task::block_in_place(|| desk.done(&["init", "--snowflake-objects"])))
        .remove("10_network_rule.sql")
        .unwrap();
    assert!(
        rule.contains("\"API__TABLEAU__PRIVATE_NETWORK_RULE\"\n    TYPE = PRIVATE_HOST_PORT\n"),
        "{rule}"
    );

    // The integration is there, with the rule of before.
    answers(&tenant, "^SHOW INTEGRATIONS LIKE ('API__TABLEAU')", r#"SELECT \1 AS "name""#).await;
    let described = "SELECT 'ALLOWED_NETWORK_RULES' AS \"property\", 'List' AS \"property_type\", \
                     '[D.PROCEDURES.API__TABLEAU__NETWORK_RULE]' AS \"property_value\", '[]' AS \"property_default\" \
                     UNION ALL SELECT 'ALLOWED_AUTHENTICATION_SECRETS', 'List', '[D.PROCEDURES.PAT]', '[]'";
    answers(&tenant, "^DESCRIBE EXTERNAL ACCESS INTEGRATION", described).await;
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("\"API__TABLEAU__PRIVATE_NETWORK_RULE\": created"), "{}", answer.stdout);
    let alter = format!(
        "ALTER EXTERNAL ACCESS INTEGRATION \"API__TABLEAU\" SET ALLOWED_NETWORK_RULES = (\"{}\".\"PROCEDURES\".\
         \"API__TABLEAU__PRIVATE_NETWORK_RULE\");",
        tenant.database
    );
    assert!(answer.stdout.contains(&alter), "{}", answer.stdout);
}
