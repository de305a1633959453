//! What an emulator can run: the tables and the view of `40_map.sql`, the query that resolves a key, and the condition of
//! the alert.

use std::collections::{BTreeMap, BTreeSet};

use tabmap::store::Store;
use tabmap::store::snowflake::connection::Connection;
use tabmap::store::snowflake::objects::SnowflakeObjects;
use tabmap::store::snowflake::{Session, SessionOptions, SnowflakeStore, TableNames};
use test_support::emulator::Tenant;

use crate::files::{body, files};

fn tables(tenant: &Tenant) -> TableNames {
    TableNames { database: tenant.database.clone(), ..TableNames::default() }
}

fn connection(tenant: &Tenant) -> Connection {
    let variables = tenant.environment(&[]);
    Connection::find(Some("test"), &|name| variables.get(name).cloned())
        .expect("a connection to the emulator")
}

fn session(tenant: &Tenant) -> Session {
    Session::new(&connection(tenant), SessionOptions::default()).unwrap()
}

fn store(tenant: &Tenant) -> SnowflakeStore {
    SnowflakeStore::new(connection(tenant), tables(tenant), SessionOptions::default())
}

/// The statements of the map's file that fakesnow knows.
fn map_statements(file: &str) -> Vec<&str> {
    let statements = file.split(";\n").map(str::trim);
    statements.filter(|statement| statement.lines().any(|line| line.starts_with("CREATE "))).collect()
}

/// A tenant whose map was made from the file, and the files.
async fn ground() -> (Tenant, BTreeMap<String, String>) {
    let tenant = Tenant::new().await;
    let files = files(&tables(&tenant), &SnowflakeObjects::default());
    let session = session(&tenant);
    let schema = format!("CREATE SCHEMA IF NOT EXISTS \"{}\".\"MAPPING_TABLES\"", tenant.database);
    session.query("create the schema", &schema).await.unwrap();
    let statements = map_statements(&files["40_map.sql"]);
    assert_eq!(statements.len(), 4, "three tables and a view");
    for statement in statements {
        session.query("create the map", statement).await.unwrap();
    }
    session.close().await.unwrap();
    (tenant, files)
}

/// Rows of type, site, project, name, id and path.
async fn fill(tenant: &Tenant, rows: &[[&str; 6]]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            row.map(|value| if value == "NULL" { value.to_owned() } else { format!("'{value}'") }).join(", ")
        })
        .map(|row| format!("({row})"))
        .collect();
    let sql = format!(
        "INSERT INTO API__TABLEAU__RESOURCES (RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID, \
         PROJECT_PATH) VALUES {}",
        rows.join(", ")
    );
    tenant.sql(&[&sql]).await;
}

const ROWS: [[&str; 6]; 7] = [
    ["workbook", "MySite", "EMEA", "Sales", "w-1", "Finance/EMEA"],
    ["workbook", "MySite", "EMEA", "Sales", "w-2", "HR/EMEA"],
    ["datasource", "MySite", "EMEA", "Sales", "d-1", "Finance/EMEA"],
    ["workbook", "", "EMEA", "Sales", "w-3", "Finance/EMEA"],
    ["workbook", "MySite", "Finance", "Sales", "w-4", "Finance"],
    // An adopted map may hold a resource twice, and no paths.
    ["workbook", "MySite", "Old", "Twice", "w-5", "NULL"],
    ["workbook", "MySite", "Old", "Twice", "w-5", "NULL"],
];

async fn columns(tenant: &Tenant) -> Vec<Vec<Option<String>>> {
    let sql = format!(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT FROM \
         \"{}\".INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'MAPPING_TABLES' \
         AND TABLE_NAME <> 'API__TABLEAU__AMBIGUOUS_KEYS' ORDER BY TABLE_NAME, ORDINAL_POSITION",
        tenant.database
    );
    tenant.sql(&[&sql]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_the_map_and_migrate_create_the_same_columns() {
    let (by_file, _) = ground().await;
    let by_migrate = Tenant::new().await;
    store(&by_migrate).migrate().await.unwrap();
    let found = columns(&by_file).await;
    let tables: BTreeSet<_> = found.iter().map(|row| row[0].clone()).collect();
    assert_eq!(tables.len(), 3, "{tables:?}");
    assert_eq!(found, columns(&by_migrate).await);

    // And neither has anything to do where the other has been.
    let steps = store(&by_file).migrate().await.unwrap().steps;
    assert!(steps.is_empty(), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_shows_the_keys_that_stand_for_more_than_one_resource() {
    let (tenant, _) = ground().await;
    fill(&tenant, &ROWS).await;
    let rows = tenant.sql(&["SELECT * FROM API__TABLEAU__AMBIGUOUS_KEYS"]).await;
    let expected = ["workbook", "MySite", "EMEA", "Sales", "2", "Finance/EMEA (w-1), HR/EMEA (w-2)"];
    assert_eq!(rows, [expected.map(|value| Some(value.to_owned()))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_resolves_to_its_id_to_null_when_unknown_and_fails_when_ambiguous() {
    let (tenant, files) = ground().await;
    fill(&tenant, &ROWS).await;
    let session = session(&tenant);
    let file = &files["50_refresh_procedure.sql"];
    let start = "FUNCTION \"".to_owned() + &tenant.database;
    let (_, first) = file.split_once(&start).unwrap();
    let (by_key, by_path) = first.split_once(&start).unwrap();
    let resolve = async |body: &str, key: [&str; 5]| {
        let names = ["KEY_TYPE", "KEY_NAME", "KEY_PROJECT", "KEY_SITE", "KEY_PATH"];
        let values = names.into_iter().zip(key);
        let sql = values.fold(body.to_owned(), |sql, (name, value)| sql.replace(name, &format!("'{value}'")));
        session.query("resolve", sql.trim()).await.map(|rows| rows[0][0].clone())
    };
    let body_by_key = by_key.split("$$").nth(1).unwrap();
    for (key, id) in [
        (["datasource", "Sales", "EMEA", "MySite", ""], Some("d-1")),
        (["Workbook", "Sales", "EMEA", "", ""], Some("w-3")),
        (["workbook", "Sales", "Finance", "MySite", ""], Some("w-4")),
        (["workbook", "Twice", "Old", "MySite", ""], Some("w-5")),
        (["workbook", "sales", "EMEA", "MySite", ""], None),
    ] {
        assert_eq!(resolve(body_by_key, key).await.unwrap().as_deref(), id, "{key:?}");
    }
    let error = resolve(body_by_key, ["workbook", "Sales", "EMEA", "MySite", ""]).await.unwrap_err();
    let error = error.fault.to_string();
    assert!(error.contains("ambiguous key") && error.contains("HR/EMEA"), "{error}");

    let body_by_path = body(by_path, "RETURNS");
    let found = resolve(body_by_path, ["workbook", "Sales", "EMEA", "MySite", "HR/EMEA"]).await.unwrap();
    assert_eq!(found.as_deref(), Some("w-2"));
    let found = resolve(body_by_path, ["workbook", "Sales", "EMEA", "MySite", "IT/EMEA"]).await.unwrap();
    assert_eq!(found, None);
}

/// The sites that the alert's condition finds.
async fn stale(tenant: &Tenant, files: &BTreeMap<String, String>) -> Vec<String> {
    let (_, condition) = files["70_alert_email.sql"].split_once("IF (EXISTS (").unwrap();
    let (condition, _) = condition.split_once("))\n    THEN").unwrap();
    let rows = tenant.sql(&[&format!("{condition} ORDER BY 1")]).await;
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

/// Notes a run that began almost so many hours ago.
async fn run(tenant: &Tenant, site: &str, status: &str, hours: i32) {
    let counts = ["0"; 11].join(", ");
    let at = format!("DATEADD('minute', {}, SYSDATE())", 5 - hours * 60);
    let sql = format!(
        "INSERT INTO API__TABLEAU__SYNC_RUNS SELECT 'r', 's', '{site}', 'x', {at}, {at}, {at}, '{status}', {counts}, \
         '[]', '0'"
    );
    tenant.sql(&[&sql]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alert_fires_when_a_site_was_not_synced_completely_for_26_hours() {
    let (tenant, files) = ground().await;
    let rows = ["Fresh", "Stale", "Late"].map(|site| ["workbook", site, "P", "N", "w", "P"]);
    fill(&tenant, &rows).await;
    let stale = async || stale(&tenant, &files).await;
    let run = async |site: &str, status: &str, hours: i32| run(&tenant, site, status, hours).await;
    run("Fresh", "complete", 26).await;
    run("Fresh", "incomplete", 1).await;
    assert_eq!(stale().await, [""; 0]);
    run("Stale", "complete", 27).await;
    run("Stale", "incomplete", 1).await;
    run("Late", "incomplete", 30).await;
    run("New", "abandoned", 1).await;
    assert_eq!(stale().await, ["Late", "New", "Stale"]);
    run("Stale", "complete", 2).await;
    assert_eq!(stale().await, ["Late", "New"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alert_fires_when_no_sync_has_ever_been_complete() {
    let (tenant, files) = ground().await;
    assert_eq!(stale(&tenant, &files).await, ["no sync has ever been complete"]);
    run(&tenant, "", "abandoned", 50).await;
    assert_eq!(stale(&tenant, &files).await, ["no sync has ever been complete"]);
    run(&tenant, "", "complete", 1).await;
    assert_eq!(stale(&tenant, &files).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alert_is_silent_about_a_site_that_nobody_syncs_and_the_map_does_not_hold() {
    let (tenant, files) = ground().await;
    run(&tenant, "Kept", "complete", 1).await;
    run(&tenant, "Gone", "complete", 900).await;
    assert_eq!(stale(&tenant, &files).await, [""; 0]);
    fill(&tenant, &[["workbook", "Gone", "P", "N", "w", "P"]]).await;
    assert_eq!(stale(&tenant, &files).await, ["Gone"], "its rows may be looked up");
}
