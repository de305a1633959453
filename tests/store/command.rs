//! The `tabmap` binary with its map in Snowflake.

use std::process::Stdio;

use serde_json::{Value, json};
use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::emulator::Tenant;

use crate::sign_in::keys;
use crate::ways;

/// A desk whose map is kept in a tenant's database.
pub fn desk(tenant: &Tenant, mut desk: Desk) -> Desk {
    for (name, value) in tenant.environment(&[]) {
        desk.set(&name, value);
    }
    desk.set("TABMAP_STORE", "snowflake:test");
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n", tenant.database));
    desk
}

/// What the map holds, in the form of [`Desk::present`].
pub async fn mapped(tenant: &Tenant, site: &str) -> Vec<[String; 5]> {
    let sql = format!(
        "SELECT RESOURCE_TYPE, PROJECT_PATH, RESOURCE_NAME, RESOURCE_ID, VIZPORTAL_URL_ID \
         FROM \"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__RESOURCES\" WHERE SITE_ID = '{site}'",
        tenant.database
    );
    let rows = tenant.sql(&[&sql]).await;
    let mut rows: Vec<[String; 5]> = rows
        .into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().try_into().unwrap())
        .collect();
    rows.sort();
    rows
}

/// Asks what blocks (the binary) from a test that is asynchronous.
pub fn done(desk: &Desk, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| desk.done(arguments))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_keeps_the_same_map_in_snowflake() {
    let tenant = Tenant::new().await;
    let desk = desk(&tenant, Desk::generated(2, 60, 40));
    let said = done(&desk, &["init"]);
    assert!(said.contains("created table") && said.contains("API__TABLEAU__RESOURCES"), "{said}");
    done(&desk, &["sync"]);
    for site in desk.tableau.sites() {
        assert_eq!(mapped(&tenant, &site).await, desk.present(&site));
    }

    let item = desk.tableau.resources("MySite").remove(0);
    let new = desk.tableau.republish("MySite", item.kind, &item.luid);
    let report: Value = serde_json::from_str(&done(&desk, &["sync", "--format", "json"])).unwrap();
    assert_eq!(report["sites"][0]["counts"]["replaced"], 1);
    assert_eq!(report["sites"][1]["outcome"], "unchanged");
    assert_eq!(mapped(&tenant, "MySite").await, desk.present("MySite"));
    assert_eq!(done(&desk, &["resolve", &new]), format!("{new}\n"));
    let answer = desk.run(&["resolve", &item.luid]);
    answer.refused(3, &["is stale", &new]);

    let report: Value = serde_json::from_str(&done(&desk, &["backfill", "--format", "json"])).unwrap();
    assert_eq!(report["sites"][0]["rows_written"], 100);
    assert_eq!(mapped(&tenant, "MySite").await, desk.present("MySite"));
    let listed: Value = serde_json::from_str(&done(&desk, &["list", "--format", "json"])).unwrap();
    assert_eq!(listed["resources"].as_array().unwrap().len(), 200);
    assert!(done(&desk, &["init"]).contains("the tables are there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_resolves_by_the_map_in_snowflake_and_heals_it_where_it_is_stale() {
    let tenant = Tenant::new().await;
    let desk = desk(&tenant, Desk::empty());
    let sales = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.publish(Kind::Workbook, &["Ops", "EMEA"], "Sales");
    done(&desk, &["backfill"]);
    let refresh = ["refresh", "workbook", "Sales", "--project", "Finance/EMEA", "--format", "json"];
    let report: Value = serde_json::from_str(&done(&desk, &refresh)).unwrap();
    assert_eq!(report["refreshes"][0]["outcome"], "succeeded");
    assert_eq!(report["refreshes"][0]["resource"]["luid"], sales);
    desk.run(&["refresh", "workbook", "Sales"]).refused(3, &["Ops/EMEA::Sales", "--project"]);
    let current = desk.tableau.republish("MySite", Kind::Workbook, &sales);
    let report: Value = serde_json::from_str(&done(&desk, &refresh)).unwrap();
    assert_eq!(report["refreshes"][0]["map_is_stale"], true);
    let jobs = desk.tableau.jobs();
    assert_eq!(jobs.iter().map(|job| &job.resource).collect::<Vec<_>>(), [&sales, &current]);
}

/// Kills a sync where `fault` holds one of its statements, which Snowflake finishes all the same.
pub async fn kill_sync_at(fault: Value, tenant: &Tenant, desk: &Desk) {
    let fault = tenant.arm(fault).await;
    let mut sync = desk.command(&["sync"]).stdout(Stdio::null()).spawn().unwrap();
    fault.reached().await;
    sync.kill().unwrap();
    sync.wait().unwrap();
    fault.disarm().await;
    fault.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_at_its_merge_leaves_old_or_new_and_the_next_one_finishes() {
    for when in ["before", "after"] {
        let tenant = Tenant::new().await;
        let desk = desk(&tenant, Desk::generated(1, 20, 10));
        done(&desk, &["backfill"]);
        for item in desk.tableau.resources("MySite").iter().step_by(3) {
            desk.tableau.republish("MySite", item.kind, &item.luid);
        }
        let (old, new) = (mapped(&tenant, "MySite").await, desk.present("MySite"));
        let action =
            json!({"at": "statement", "match": "MERGE INTO", "when": when, "action": {"hold": true}});
        kill_sync_at(action, &tenant, &desk).await;
        let now = mapped(&tenant, "MySite").await;
        assert!(now == old || now == new, "{when}: a mix");
        done(&desk, &["sync"]);
        assert_eq!(mapped(&tenant, "MySite").await, new, "{when}");
        let runs = tenant
            .sql(&[&format!(
                "SELECT DISTINCT STATUS FROM \"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__SYNC_RUNS\"",
                tenant.database
            )])
            .await;
        assert!(!runs.iter().any(|row| row[0].as_deref() == Some("applying")), "{when}: {runs:?} is settled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_process_aborts_its_running_statement() {
    for signal in ["-INT", "-TERM"] {
        let tenant = Tenant::new().await;
        let desk = desk(&tenant, Desk::generated(1, 20, 10));
        done(&desk, &["init"]);
        let fault =
            tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"hold": true}})).await;
        let sync = desk.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        fault.reached().await;
        let killed = std::process::Command::new("kill").args([signal, &sync.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let output = tokio::task::block_in_place(|| sync.wait_with_output()).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("interrupted"), "{stderr}");
        assert_eq!(tenant.log("aborts").await.len(), 1, "the statement was aborted");
        assert_eq!(desk.tableau.live_sessions(), 0, "and Tableau's session ended");
        fault.disarm().await;
        fault.release().await;
        done(&desk, &["sync"]);
        assert_eq!(mapped(&tenant, "MySite").await, desk.present("MySite"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_leave_one_true_map() {
    let tenant = Tenant::new().await;
    let desk = desk(&tenant, Desk::generated(1, 20, 10));
    done(&desk, &["init"]);
    // The first is held at its MERGE while the second does the whole work.
    let options = desk.tableau.options().clone();
    let fault = tenant
        .arm(json!({"at": "statement", "match": "MERGE INTO", "times": 1, "action": {"hold": true}}))
        .await;
    let mut one = desk.command(&["sync"]).stdout(Stdio::null()).spawn().unwrap();
    fault.reached().await;
    desk.publish(Kind::Workbook, &["default"], "Newer");
    let mut other = desk.command(&["sync"]);
    other.env_remove("TABLEAU_PAT_NAME").stdout(Stdio::null());
    other.env("TABLEAU_USERNAME", options.username).env("TABLEAU_PASSWORD", options.password);
    assert!(tokio::task::block_in_place(|| other.status()).unwrap().success());
    assert_eq!(mapped(&tenant, "MySite").await, desk.present("MySite"));
    fault.release().await;
    assert!(tokio::task::block_in_place(|| one.wait()).unwrap().success());
    assert_eq!(
        mapped(&tenant, "MySite").await,
        desk.present("MySite"),
        "the older one does not undo the newer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_snowflake_are_not_shown_at_any_level_in_success_or_failure() {
    let keys = keys();
    let tenant = Tenant::with(json!({"public_key": keys["public"]})).await;
    let mut desk = desk(&tenant, Desk::generated(1, 5, 5));
    let mut texts = Vec::new();
    let mut run = |desk: &Desk, command: &[&str]| {
        let arguments: Vec<&str> = command.iter().copied().chain(["-vvv", "--log-format", "json"]).collect();
        let answer = tokio::task::block_in_place(|| desk.run(&arguments));
        texts.extend([answer.stdout, answer.stderr]);
    };
    let commands = [
        &["init"][..],
        &["sync"],
        &["backfill"],
        &["list"],
        &["check", "."],
        &["refresh", "workbook", "Revenue"],
        &["resolve", "workbook", "No such thing"],
    ];
    for command in commands {
        run(&desk, command);
    }
    for action in [json!({"code": "390112"}), json!({"code": "001003"}), json!({"http": 503})] {
        let fault = tenant.arm(json!({"at": "statement", "times": 1, "action": action})).await;
        run(&desk, &["sync"]);
        fault.disarm().await;
    }
    // With a key pair, and then with a passphrase that does not open it.
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_AUTHENTICATOR", "SNOWFLAKE_JWT");
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PRIVATE_KEY_RAW", &keys["aes"]);
    for passphrase in [keys["passphrase"].as_str(), "no-such-passphrase-1234"] {
        desk.set("SNOWFLAKE_CONNECTIONS_TEST_PRIVATE_KEY_PASSPHRASE", passphrase);
        run(&desk, &["sync"]);
    }
    let is_signed_in = |login: &Value| login["authenticator"] == "SNOWFLAKE_JWT";
    assert!(tenant.log("logins").await.iter().any(is_signed_in), "the key pair was used");
    for table in ["RESOURCES", "SYNC_RUNS", "RESOURCE_CHANGES"] {
        let sql =
            format!("SELECT * FROM \"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__{table}\"", tenant.database);
        texts.push(format!("{:?}", tenant.sql(&[&sql]).await));
    }
    for path in std::fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_file() {
            texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }

    let mut secrets =
        vec![tenant.password.clone(), keys["passphrase"].clone(), "no-such-passphrase-1234".to_owned()];
    secrets.extend(
        keys["aes"].lines().filter(|line| !line.starts_with("---") && line.len() > 40).map(str::to_owned),
    );
    let sessions = tenant.log("sessions").await;
    assert!(sessions.len() > 5, "every command signed in");
    for session in sessions {
        secrets.extend(
            ["token", "master_token"].iter().filter_map(|key| session[*key].as_str()).map(str::to_owned),
        );
    }
    for secret in secrets {
        let shown = texts.iter().find(|text| text.contains(&secret));
        assert!(shown.is_none(), "a secret was shown:\n{}", shown.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_cannot_be_used_is_named_with_its_remedy() {
    let tenant = Tenant::new().await;
    let mut desk = desk(&tenant, Desk::empty());
    for command in ["init", "sync", "list"] {
        let answer = desk.run(&[command, "--store", "snowflake:nowhere"]);
        answer.refused(2, &["`nowhere`"]);
    }
    let answer = tokio::task::block_in_place(|| desk.run(&["list"]));
    answer.refused(1, &["has no map yet", "tabmap init"]);
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PASSWORD", "wrong");
    let answer = tokio::task::block_in_place(|| desk.run(&["list"]));
    assert_eq!(answer.exit, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("390100") && !answer.stderr.contains("wrong"), "{}", answer.stderr);
    assert!(desk.tableau.requests().is_empty(), "Tableau was not asked in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_creates_the_database_too_when_it_is_told_so() {
    let tenant = Tenant::new().await;
    let desk = desk(&tenant, Desk::empty());
    let settings = format!("[snowflake]\ndatabase = \"{}_NEW\"\n", tenant.database);
    desk.write("tabmap.toml", &settings);
    let refused = tokio::task::block_in_place(|| desk.run(&["init"]));
    refused.refused(1, &["002003", "`create_database = true`"]);

    desk.write("tabmap.toml", &format!("{settings}create_database = true\n"));
    let printed = done(&desk, &["init", "--print"]);
    assert!(
        printed.starts_with(&format!("CREATE DATABASE IF NOT EXISTS \"{}_NEW\";", tenant.database)),
        "{printed}"
    );
    let said = done(&desk, &["init"]);
    let created = format!("created database \"{}_NEW\"", tenant.database);
    assert!(said.contains(&created) && said.contains("API__TABLEAU__RESOURCES"), "{said}");
    let said = done(&desk, &["init"]);
    assert!(said.contains("the tables are there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_a_resource_monitor_suspended_is_named_with_who_can_help() {
    let tenant = Tenant::new().await;
    let desk = ways::desk(&tenant, &[("user", &tenant.user), ("password", &tenant.password)]);
    let message = "Warehouse 'W' cannot be resumed because resource monitor 'M' has exceeded its quota.";
    tenant.arm(json!({"at": "statement", "action": {"code": "090073", "message": message}})).await;
    ways::init(&desk).refused(1, &["090073", "CREDIT_QUOTA", "ACCOUNTADMIN"]);
}
