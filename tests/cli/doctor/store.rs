//! The store in a file, and what it holds.

use std::fs;

use tableau_simulator::{Kind, Options};
use test_support::desk::Desk;

use super::{Said, bare, desk, doctor};
use crate::trouble::as_reader;

/// What needs the tables.
const OF_TABLES: [&str; 4] = ["map-server", "unfinished-runs", "last-sync", "ambiguous-keys"];

/// A desk with a map of two resources.
fn synced() -> Desk {
    let desk = desk(Options::default());
    desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.publish(Kind::Datasource, &["Finance", "EMEA"], "Orders");
    desk.sync();
    desk
}

fn execute(desk: &Desk, sql: &str) {
    desk.map().execute_batch(sql).expect("a statement");
}

fn files(desk: &Desk) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(desk.folder.path()).expect("the folder").map(|entry| entry.expect("an entry"));
    let mut files: Vec<_> = entries
        .map(|entry| {
            (entry.file_name().into_string().expect("text"), fs::read(entry.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn map_that_is_good_is_described_and_not_a_byte_is_written() {
    let desk = synced();
    let before = files(&desk);
    doctor(&desk)
        .says("store", "ok", &["sqlite:tabmap.db", "KiB"])
        .says("store-clock", "skipped", &["a file"])
        .says("store-privileges", "ok", &["may write to the file and its folder"])
        .says("store-tables", "ok", &["API__TABLEAU__RESOURCES: 11 columns", "schema version 2"])
        .says("warehouse", "skipped", &["needs no warehouse"])
        .says("network-policy", "skipped", &["no programmatic access token"])
        .says("map-server", "ok", &["the map belongs to 127.0.0.1"])
        .says("unfinished-runs", "ok", &["none"])
        .says("last-sync", "ok", &["s ago, at 20"])
        .says("ambiguous-keys", "ok", &["2 rows of the site"]);
    assert_eq!(files(&desk), before);
}

#[test]
fn map_that_is_not_there_is_no_problem_that_the_doctor_makes_go_away() {
    let desk = bare(Options::default());
    let said = doctor(&desk);
    said.says("store", "problem", &["no map yet", "`tabmap init`"])
        .skips("`store`", &["store-clock", "store-privileges", "store-tables", "warehouse", "network-policy"])
        .skips("`store-tables`", &OF_TABLES);
    assert_eq!(said.exit, 3);
    assert_eq!(files(&desk), []);
    desk.write("tabmap.db", "something else, and long enough to be looked at: it is not a database");
    doctor(&desk).says("store", "problem", &["could not open", "--store sqlite:PATH"]);
}

#[test]
fn tables_of_other_releases_and_other_tools_are_told_and_left_as_they_are() {
    let desk = synced();
    execute(&desk, "PRAGMA user_version = 1");
    let before = files(&desk);
    doctor(&desk)
        .says("store-tables", "warning", &["schema version 1", "brings it to version 2"])
        .skips("brought up to date", &OF_TABLES);
    assert_eq!(files(&desk), before, "it is not brought up to date");
    execute(&desk, "PRAGMA user_version = 99");
    doctor(&desk)
        .says("store-tables", "problem", &["newer tabmap", "schema version 99", "Update tabmap"])
        .skips("`store-tables`", &OF_TABLES);
    execute(&desk, "PRAGMA user_version = 2; ALTER TABLE API__TABLEAU__RESOURCES DROP COLUMN PROJECT_ID");
    doctor(&desk).says("store-tables", "problem", &["has no PROJECT_ID", "`tabmap init` adds"]);
    execute(&desk, "DROP TABLE API__TABLEAU__SYNC_RUNS");
    doctor(&desk).says("store-tables", "problem", &["API__TABLEAU__SYNC_RUNS is missing", "`tabmap init`"]);
    execute(&desk, "CREATE TABLE API__TABLEAU__SYNC_RUNS (ID TEXT)");
    doctor(&desk).says("store-tables", "problem", &["is not a map", "name another table"]);
}

#[test]
fn map_of_another_server_is_told_with_the_way_to_rename_it() {
    let desk = synced();
    execute(&desk, "UPDATE API__TABLEAU__SYNC_RUNS SET SERVER_URL = 'old.example.com'");
    doctor(&desk).says(
        "map-server",
        "problem",
        &["old.example.com", "--rename-server old.example.com 127.0.0.1"],
    );
    execute(&desk, "UPDATE API__TABLEAU__SYNC_RUNS SET STATUS = 'abandoned'");
    doctor(&desk).says("map-server", "ok", &["no server yet"]);
}

#[test]
fn runs_that_died_are_old_or_missing_are_told() {
    let desk = desk(Options::default());
    doctor(&desk).says("last-sync", "warning", &["never synced", "`tabmap sync`"]);
    desk.sync();
    execute(&desk, "UPDATE API__TABLEAU__SYNC_RUNS SET STATUS = 'incomplete'");
    doctor(&desk).says("last-sync", "warning", &["never synced completely"]);
    execute(&desk, "UPDATE API__TABLEAU__SYNC_RUNS SET STATUS = 'applying'");
    doctor(&desk).says("unfinished-runs", "note", &["1 run `applying`", "a sync is running"]);
    execute(&desk, "UPDATE API__TABLEAU__SYNC_RUNS SET STARTED_AT = '2026-11-01T00:00:00.000000Z'");
    doctor(&desk).says("unfinished-runs", "warning", &["`MySite`", "died", "settles it"]);
    execute(
        &desk,
        "UPDATE API__TABLEAU__SYNC_RUNS SET STATUS = 'complete', SNAPSHOT_AT = '2026-11-01T00:00:00.000000Z'",
    );
    doctor(&desk).says("last-sync", "problem", &["h", "ago", "`max_age`", "schedule"]);
    desk.write("tabmap.toml", "[check]\nmax_age = '100000h'\n");
    doctor(&desk).says("last-sync", "ok", &[]);
}

#[test]
fn keys_that_several_resources_share_are_named() {
    let desk = synced();
    desk.publish(Kind::Workbook, &["Ops", "EMEA"], "Sales");
    desk.sync();
    doctor(&desk).says("ambiguous-keys", "warning", &["Finance/EMEA", "Ops/EMEA", "PROJECT_PATH"]);
}

#[test]
fn file_and_folder_that_this_user_may_not_write_to_are_told_and_still_read() {
    let desk = synced();
    let said = Said::of(&as_reader(&desk, &["doctor", "--format", "json"]));
    said.says("store-privileges", "problem", &["may not write to the file", "let the user who syncs"])
        .says("store-privileges", "problem", &["may not write to the folder"])
        .says("ambiguous-keys", "ok", &["2 rows"]);
}
