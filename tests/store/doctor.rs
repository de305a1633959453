//! `doctor` with a map in Snowflake: each thing that it looks at is broken here once, and its remedy is read.

use serde_json::{Value, json};
use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::emulator::Tenant;

use crate::command::desk;

/// The grants of somebody who may do all that a sync does, as SHOW GRANTS shows them.
fn grants(tenant: &Tenant) -> Vec<Value> {
    let database = &tenant.database;
    let schema = format!("{database}.MAPPING_TABLES");
    let mut grants = vec![json!(["USAGE", "DATABASE", database]), json!(["USAGE", "SCHEMA", schema])];
    for table in ["RESOURCES", "SYNC_RUNS", "RESOURCE_CHANGES"] {
        grants.push(json!(["OWNERSHIP", "TABLE", format!("{schema}.API__TABLEAU__{table}")]));
    }
    grants
}

/// The same tenant, with what SHOW statements say of it; `more` wins.
async fn shown(tenant: Tenant, more: Value) -> Tenant {
    let mut user = json!({
        "name": tenant.user, "password": tenant.password, "default_warehouse": "COMPUTE_WH",
        "grants": { "PUBLIC": grants(&tenant) },
    });
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tenant.replaced_by(user).await
}

/// A tenant with a map of a small site.
async fn synced() -> (Tenant, Desk) {
    let tenant = shown(Tenant::new().await, json!({})).await;
    let desk = desk(&tenant, Desk::empty());
    desk.publish(Kind::Workbook, &["Finance"], "Sales");
    tokio::task::block_in_place(|| desk.done(&["backfill"]));
    (tenant, desk)
}

struct Said(Vec<Value>);

fn doctor(desk: &Desk) -> Said {
    let answer = tokio::task::block_in_place(|| desk.run(&["doctor", "--format", "json"]));
    let document: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!(answer.exit, if document["problems"] == 0 { 0 } else { 3 });
    Said(document["checks"].as_array().unwrap().clone())
}

impl Said {
    /// A check came out so, and evidence and remedy together say all of `words`.
    #[track_caller]
    fn says(&self, name: &str, status: &str, words: &[&str]) -> &Self {
        let check = self.0.iter().find(|check| check["name"] == name).unwrap();
        assert_eq!(check["status"], status, "{check:#}");
        let text = [check["evidence"].as_array().unwrap().as_slice(), &[check["remedy"].clone()]].concat();
        let text: Vec<_> = text.iter().filter_map(Value::as_str).collect();
        for word in words {
            assert!(text.join("\n").contains(word), "`{word}` is missing in {check:#}");
        }
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_describes_a_good_map_in_snowflake_and_only_reads() {
    let (tenant, desk) = synced().await;
    let before = tenant.statements().await.len();
    doctor(&desk)
        .says("store", "ok", &["snowflake:test", "Snowflake 10.0.0", &tenant.user, "authenticator SNOWFLAKE"])
        .says("store-clock", "ok", &["agrees", "Snowflake"])
        .says("store-privileges", "ok", &["role PUBLIC"])
        .says("store-tables", "ok", &["\"API__TABLEAU__RESOURCES\": 11 columns"])
        .says("warehouse", "ok", &["COMPUTE_WH, X-Small, SUSPENDED", "60 idle seconds"])
        .says("network-policy", "skipped", &["no programmatic access token"])
        .says("map-server", "ok", &["127.0.0.1"])
        .says("unfinished-runs", "ok", &[])
        .says("last-sync", "ok", &["ago"])
        .says("ambiguous-keys", "ok", &["1 row of the site"]);
    let statements = tenant.statements().await.split_off(before);
    assert!(statements.len() > 5, "{statements:?}");
    for statement in statements {
        assert!(statement.starts_with("SELECT ") || statement.starts_with("SHOW "), "{statement}");
    }
    let answer = tokio::task::block_in_place(|| desk.run(&["doctor", "-vvv"]));
    let sessions = tenant.log("sessions").await;
    assert!(sessions.iter().all(|session| session["closed"] == true));
    let tokens = sessions.iter().flat_map(|one| [&one["token"], &one["master_token"]]);
    for secret in tokens.filter_map(Value::as_str).chain([tenant.password.as_str()]) {
        assert!(!answer.stdout.contains(secret) && !answer.stderr.contains(secret), "{}", answer.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_and_sign_in_that_fail_are_told_apart() {
    let (tenant, mut desk) = synced().await;
    desk.set("TABMAP_STORE", "snowflake:nowhere");
    doctor(&desk).says("store", "problem", &["no Snowflake connection `nowhere`", "snow connection add"]);
    desk.set("TABMAP_STORE", "snowflake:test").set("SNOWFLAKE_CONNECTIONS_TEST_PASSWORD", "wrong");
    let said = doctor(&desk);
    said.says("store", "problem", &["390100", "check `account`, `user` and `password`"])
        .says("store-tables", "skipped", &["`store`"])
        .says("sign-in", "ok", &[]);
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PASSWORD", &tenant.password);
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_ROLE", "NOBODY");
    doctor(&desk).says("store", "problem", &["390186", "grant the role to the user"]);
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PORT", free.port().to_string());
    doctor(&desk).says("store", "problem", &["could not reach Snowflake", "check `account` or `host`"]);
    // https to a port of plain http.
    let port = desk.tableau.url().rsplit_once(':').unwrap().1.to_owned();
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PORT", port);
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PROTOCOL", "https");
    doctor(&desk).says("store", "problem", &["could not reach Snowflake", "answered without TLS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_of_snowflake_is_compared_too() {
    let (tenant, mut desk) = synced().await;
    tenant.set_clock("localhost", -300).await;
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_HOST", "localhost");
    doctor(&desk).says("store-clock", "problem", &["seconds ahead of the clock of Snowflake", "NTP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_missing_or_old_are_told_with_what_makes_them() {
    let tenant = shown(Tenant::new().await, json!({})).await;
    let desk = desk(&tenant, Desk::empty());
    doctor(&desk)
        .says("store-tables", "problem", &["no map yet", "or the right to see it", "`tabmap init`"])
        .says("last-sync", "skipped", &["`store-tables`"])
        .says("store-privileges", "problem", &["no CREATE TABLE", "GRANT CREATE TABLE ON SCHEMA"]);
    tokio::task::block_in_place(|| desk.done(&["init"]));
    doctor(&desk).says("last-sync", "warning", &["never synced"]);
    let table = format!("\"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__RESOURCES\"", tenant.database);
    tenant.sql(&[&format!("ALTER TABLE {table} DROP COLUMN CONTENT_URL")]).await;
    doctor(&desk).says("store-tables", "problem", &["has no CONTENT_URL", "`tabmap init` adds"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_that_are_missing_are_named_with_the_grants_that_give_them() {
    let (tenant, mut desk) = synced().await;
    let all = grants(&tenant);
    let table = format!("{}.MAPPING_TABLES.API__TABLEAU__SYNC_RUNS", tenant.database);
    let mut fewer: Vec<_> = all.iter().filter(|grant| grant[2] != *table).cloned().collect();
    fewer.extend(["SELECT", "REFERENCES"].map(|privilege| json!([privilege, "TABLE", table])));
    let tenant = shown(tenant, json!({ "grants": { "PUBLIC": fewer } })).await;
    let name = format!("\"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__SYNC_RUNS\"", tenant.database);
    let grant = format!("GRANT INSERT, UPDATE, DELETE ON TABLE {name} TO ROLE \"PUBLIC\";");
    doctor(&desk).says("store-privileges", "problem", &["no INSERT, UPDATE, DELETE on table", &grant]);
    // By a role that it inherits, and by a secondary one.
    let (few, others) = all.split_at(2);
    let inherited =
        json!({ "A": [["USAGE", "ROLE", "B"], ["USAGE", "DATABASE_ROLE", "X.Y"]], "B": few, "X.Y": others });
    let tenant = shown(tenant, json!({ "roles": ["A"], "grants": inherited })).await;
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_ROLE", "A");
    doctor(&desk).says("store-privileges", "ok", &["role A"]);
    let secondary = json!({ "A": [], "C": all });
    let more = json!({ "roles": ["A"], "secondary_roles": ["C"], "grants": secondary });
    let tenant = shown(tenant, more).await;
    doctor(&desk).says("store-privileges", "ok", &["secondary roles C"]);
    let fault =
        tenant.arm(json!({"at": "statement", "match": "SHOW GRANTS", "action": {"code": "003001"}})).await;
    doctor(&desk).says("store-privileges", "unknown", &["003001", "grant the privilege"]);
    fault.disarm().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warehouse_that_is_missing_or_never_sleeps_is_told() {
    let (mut tenant, desk) = synced().await;
    let facts = |facts: Value| json!({ "warehouse_facts": { "COMPUTE_WH": facts } });
    for (more, status, words) in [
        (json!({ "default_warehouse": null }), "problem", "DEFAULT_WAREHOUSE"),
        (json!({ "warehouses": [] }), "problem", "grant USAGE on the warehouse"),
        (facts(json!({ "auto_suspend": null })), "warning", "SET AUTO_SUSPEND = 60"),
        (facts(json!({ "auto_suspend": "3600" })), "warning", "3600 idle seconds"),
        (facts(json!({ "auto_resume": "false" })), "problem", "SET AUTO_RESUME = TRUE"),
        (facts(json!({ "auto_resume": "false", "state": "STARTED" })), "warning", "SET AUTO_RESUME = TRUE"),
        (json!({}), "ok", "60 idle seconds"),
    ] {
        tenant = shown(tenant, more).await;
        doctor(&desk).says("warehouse", status, &[words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_token_without_a_network_policy_is_warned_of() {
    let (tenant, mut desk) = synced().await;
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_AUTHENTICATOR", "PROGRAMMATIC_ACCESS_TOKEN");
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_TOKEN", "token-of-the-doctor");
    let tenant = shown(tenant, json!({ "access_token": "token-of-the-doctor" })).await;
    doctor(&desk).says("network-policy", "warning", &[&tenant.user, "SET NETWORK_POLICY"]);
    let more = json!({ "access_token": "token-of-the-doctor", "parameters": { "NETWORK_POLICY": "OFFICE" } });
    let _tenant = shown(tenant, more).await;
    doctor(&desk).says("network-policy", "ok", &["network policy OFFICE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_another_server_and_runs_that_died_are_found_in_snowflake_too() {
    let (tenant, desk) = synced().await;
    let runs = format!("\"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__SYNC_RUNS\"", tenant.database);
    let set = |what: &str| format!("UPDATE {runs} SET {what}");
    tenant.sql(&[&set("STATUS = 'applying', STARTED_AT = '2026-11-01 00:00:00'")]).await;
    doctor(&desk).says("unfinished-runs", "warning", &["1 run `applying`", "settles it"]).says(
        "last-sync",
        "warning",
        &["never synced"],
    );
    tenant.sql(&[&set("STATUS = 'complete', SNAPSHOT_AT = '2026-11-01 00:00:00'")]).await;
    doctor(&desk).says("last-sync", "problem", &["`max_age`"]);
    tenant.sql(&[&set("SERVER_URL = 'old.example.com'")]).await;
    doctor(&desk).says("map-server", "problem", &["--rename-server old.example.com 127.0.0.1"]);
}
