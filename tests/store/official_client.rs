//! The emulator is worth something only if Snowflake's own client takes it for Snowflake, in each version that tests use;
//! and what this program asks must be what that client asks, but for what a table here explains.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};
use tableau_simulator::Kind;
use test_support::emulator::{OFFICIAL_CLIENTS, Tenant, official_client, port};

use crate::ways::{desk, official, official_clients_sign_in, script_of, signs_in};

/// This program, as it calls itself at sign-in, and Snowflake's own clients.
const OURS: &str = "Go 1.18.0";
const OLDER: &str = "PythonConnector 4.8.1";
const NEWEST: &str = "PythonConnector 5.2.0";

/// What not all three say in a request, who says it, and why that is no fault. All else must be the same.
const DIFFERENCES: [(&str, &str, &[&str], &str); 17] = [
    ("login", "field CLIENT_CAPABILITIES", &[NEWEST], "none of those features is used here"),
    ("login", "field EXT_AUTHN_DUO_METHOD=push", &[NEWEST], "what the server does if nothing is said"),
    ("login", "header Accept: application/json", &[OURS], "as the Go driver; the answer is JSON for both"),
    ("login", "header Accept: application/snowflake", &[OLDER, NEWEST], "the answer is JSON for both"),
    ("login", "query clientStartTime", &[OURS], "as the Go driver, for Snowflake's statistics"),
    ("login", "query databaseName", &[NEWEST], "empty: the connection names none, and none is sent by us"),
    ("login", "query requestId", &[OURS], "the Go driver's name for it"),
    ("login", "query request_guid", &[OURS], "as the Go driver, to follow one attempt"),
    ("login", "query request_id", &[OLDER], "the older client's name for it"),
    ("login", "query roleName", &[NEWEST], "empty: the user's default"),
    ("login", "query schemaName", &[NEWEST], "empty: as its database"),
    ("login", "query warehouse", &[NEWEST], "empty: the user's default"),
    (
        "passcode",
        "field AUTHENTICATOR=USERNAME_PASSWORD_MFA",
        &[NEWEST],
        "a password and a passcode either way",
    ),
    ("passcode", "field CLIENT_CAPABILITIES", &[NEWEST], "as without a passcode"),
    ("renewal", "header Accept: application/json", &[OLDER, NEWEST], "the answer is JSON for both"),
    (
        "renewal",
        "header Accept: application/snowflake",
        &[OURS],
        "as the Go driver; the answer is JSON for both",
    ),
    ("renewal", "query request_guid", &[NEWEST], "to follow one attempt; it is not part of the question"),
];

/// Whether a field of a login request with this value is in the table.
pub fn is_known_to_differ(name: &str, value: &Value) -> bool {
    let said = format!("field {name}={}", value.as_str().unwrap_or_default());
    DIFFERENCES.iter().any(|(_, known, ..)| *known == said)
}

/// What each client says in requests of one sort, where not all of them say it.
fn differing(requests: &[Value], said: fn(&Value) -> BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut by: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in requests {
        for one in said(request) {
            by.entry(one).or_default().insert(request["client"].as_str().unwrap().to_owned());
        }
    }
    by.retain(|_, clients| clients.len() < 1 + OFFICIAL_CLIENTS.len());
    by
}

/// The rows of the table for requests of one sort.
fn known(sort: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows = DIFFERENCES.iter().filter(|(of, ..)| *of == sort);
    rows.map(|(_, said, who, _)| ((*said).to_owned(), who.iter().map(|name| (*name).to_owned()).collect()))
        .collect()
}

/// The query's names, and the headers that a server may look at.
fn address(request: &Value) -> BTreeSet<String> {
    let query = request["query"].as_array().unwrap().iter();
    let headers = request["headers"].as_object().unwrap().iter();
    query
        .map(|name| format!("query {}", name.as_str().unwrap()))
        .chain(headers.map(|(name, value)| format!("header {name}: {}", value.as_str().unwrap())))
        .collect()
}

/// The fields, with their values where they say who signs in.
fn fields(login: &Value) -> BTreeSet<String> {
    let sent = login["sent"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    sent.map(|name| match login["proof"][name].as_str() {
        Some(value) => format!("field {name}={value}"),
        None => format!("field {name}"),
    })
    .collect()
}

fn login(login: &Value) -> BTreeSet<String> {
    address(login).into_iter().chain(fields(login)).collect()
}

fn renewal(renewal: &Value) -> BTreeSet<String> {
    let body = renewal["sent"].as_object().unwrap().iter();
    address(renewal).into_iter().chain(body.map(|(name, value)| format!("field {name}={value}"))).collect()
}

#[tokio::test]
async fn snowflakes_own_python_client_works_with_the_emulator_in_each_version() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/official_client.py");
    for version in OFFICIAL_CLIENTS {
        let tenant = Tenant::new().await;
        let output = Command::new(official_client(version))
            .args([script, &port().to_string(), &tenant.user, &tenant.password, &tenant.database])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{version}: {errors}");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "all as expected", "{version}: {errors}");
    }
}

/// The map's rows, read by one version of the official client.
fn rows_read(version: &str, settings: &[(&str, &str)], database: &str) -> Value {
    let mut input = official(settings);
    let table = format!("{database}.MAPPING_TABLES.API__TABLEAU__RESOURCES");
    let statement = format!("SELECT RESOURCE_TYPE, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID FROM {table}");
    input["statement"] = json!(statement);
    let client = official_client(version);
    let rows = tokio::task::block_in_place(|| script_of(&client, "official_sign_in.py", &input, &[]));
    serde_json::from_str(&rows).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_snowflakes_own_client_reads_the_map_and_asks_what_this_program_asks() {
    let tenant = Tenant::new().await;
    let settings = [("user", tenant.user.as_str()), ("password", &tenant.password)];
    let desk = desk(&tenant, &settings);
    let luid = desk.publish(Kind::Workbook, &["Finance"], "Caf\u{e9} \"$$\"");
    signs_in(&desk);
    // The session of each client expires once.
    let expire = |sql: &str| json!({"at": "statement", "match": sql, "action": {"expire": "session"}});
    tenant.arm(expire("MERGE INTO")).await;
    tokio::task::block_in_place(|| desk.done(&["sync"]));
    let rows = json!([["workbook", "Finance", "Caf\u{e9} \"$$\"", luid]]);
    for version in OFFICIAL_CLIENTS {
        tenant.arm(expire("^SELECT RESOURCE_TYPE, ")).await;
        assert_eq!(rows_read(version, &settings, &tenant.database), rows, "{version}");
    }

    let clients = |requests: &[Value]| -> BTreeSet<String> {
        requests.iter().map(|request| request["client"].as_str().unwrap().to_owned()).collect()
    };
    let all = BTreeSet::from([OURS, OLDER, NEWEST].map(str::to_owned));
    let (logins, renewals) = (tenant.log("logins").await, tenant.log("renewals").await);
    assert_eq!((clients(&logins), clients(&renewals)), (all.clone(), all));
    assert_eq!(differing(&logins, login), known("login"));
    assert_eq!(differing(&renewals, renewal), known("renewal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_snowflakes_own_client_proves_a_passcode_as_this_program_does() {
    let tenant = Tenant::with(json!({"passcode": "123456"})).await;
    let user = [("user", tenant.user.as_str()), ("password", &tenant.password)];
    let way = [&user[..], &[("authenticator", "username_password_mfa"), ("passcode", "123456")]].concat();
    signs_in(&desk(&tenant, &way));
    official_clients_sign_in(&way, &[]);
    assert_eq!(differing(&tenant.log("logins").await, fields), known("passcode"));
}
