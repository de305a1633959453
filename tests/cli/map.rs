//! The map that other people's programs read: the plain query, and tables that were there before.

use std::process::Stdio;

use rusqlite::Connection;
use tableau_simulator::{Content, Kind};
use test_support::desk::Desk;

const FIVE_COLUMNS: &str = "CREATE TABLE API__TABLEAU__RESOURCES (RESOURCE_TYPE TEXT, SITE_ID TEXT, PROJECT_NAME TEXT, \
                            RESOURCE_NAME TEXT, RESOURCE_ID TEXT)";

#[test]
fn plain_query_of_the_first_four_columns_finds_the_current_luid_of_every_unambiguous_key() {
    let desk = Desk::generated(2, 400, 200);
    desk.done(&["init"]);
    desk.sync();
    for site in desk.tableau.sites() {
        for item in desk.tableau.resources(&site).iter().step_by(7) {
            desk.tableau.republish(&site, item.kind, &item.luid);
        }
    }
    desk.done(&["sync"]);

    let map = desk.map();
    let sql = "SELECT RESOURCE_ID FROM API__TABLEAU__RESOURCES \
               WHERE RESOURCE_TYPE = ?1 AND SITE_ID = ?2 AND PROJECT_NAME = ?3 AND RESOURCE_NAME = ?4";
    let mut query = map.prepare(sql).expect("a valid query");
    let (mut asked, mut ambiguous) = (0, 0);
    for site in desk.tableau.sites() {
        let items = desk.tableau.resources(&site);
        for item in &items {
            let leaf = item.project_path.last().expect("in a project");
            let found = query.query_map([item.kind.word(), &site, leaf, &item.name], |row| row.get(0));
            let found: Vec<String> =
                found.expect("a result").collect::<Result<_, _>>().expect("readable rows");
            let fitting: Vec<&String> = items
                .iter()
                .filter(|other| {
                    other.kind == item.kind
                        && other.project_path.last() == Some(leaf)
                        && other.name == item.name
                })
                .map(|other| &other.luid)
                .collect();
            asked += 1;
            if fitting.len() > 1 {
                ambiguous += 1;
                assert!(found.len() == fitting.len() && fitting.iter().all(|luid| found.contains(luid)));
            } else {
                assert_eq!(found, [item.luid.as_str()], "{item:?}");
            }
        }
    }
    assert_eq!(asked, 1200);
    assert!(ambiguous > 0 && ambiguous < 100, "{ambiguous} of {asked} keys are ambiguous");
}

#[test]
fn five_column_table_is_adopted_with_its_rows_and_brought_up_to_date() {
    let desk = Desk::empty();
    let sales = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    let map = desk.map();
    map.execute_batch(FIVE_COLUMNS).expect("create the table");
    let insert = "INSERT INTO API__TABLEAU__RESOURCES VALUES (?1, ?2, ?3, ?4, ?5)";
    for row in [
        ["workbook", "MySite", "EMEA", "Sales", sales.as_str()],
        ["workbook", "MySite", "EMEA", "Old", "0a0a0a0a-0000-4000-8000-000000000001"],
        ["view", "MySite", "EMEA", "Sheet", "0a0a0a0a-0000-4000-8000-000000000002"],
        ["workbook", "Elsewhere", "Ops", "Load", "0a0a0a0a-0000-4000-8000-000000000003"],
    ] {
        map.execute(insert, row).expect("insert a row");
    }
    let said = desk.done(&["init"]);
    assert!(said.contains("added column PROJECT_PATH"), "{said}");
    assert_eq!(desk.query("SELECT COUNT(*) FROM API__TABLEAU__RESOURCES"), ["4"], "no row is lost");

    let report = desk.sync();
    assert_eq!(report["counts"]["removed"], 1);
    assert_eq!(report["counts"]["corrected"], 1);
    let rows = desk.query(
        "SELECT RESOURCE_TYPE, SITE_ID, RESOURCE_NAME, PROJECT_PATH FROM API__TABLEAU__RESOURCES ORDER BY RESOURCE_NAME",
    );
    assert_eq!(
        rows,
        ["workbook|Elsewhere|Load|null", "workbook|MySite|Sales|Finance/EMEA", "view|MySite|Sheet|null"]
    );
    assert_eq!(desk.sync()["outcome"], "unchanged");
}

#[test]
fn rows_that_share_one_luid_in_an_adopted_table_become_one() {
    let desk = Desk::empty();
    let sales = desk.publish(Kind::Workbook, &["default"], "Sales");
    let map = desk.map();
    map.execute_batch(FIVE_COLUMNS).expect("create the table");
    for name in ["Sales", "Sales before it was renamed", "Sales"] {
        let insert = "INSERT INTO API__TABLEAU__RESOURCES VALUES ('workbook', 'MySite', 'default', ?1, ?2)";
        map.execute(insert, [name, &sales]).expect("insert a row");
    }
    desk.done(&["init"]);
    assert_eq!(desk.done(&["resolve", &sales]), format!("{sales}\n"), "one resource");
    assert_eq!(desk.run(&["sync", "--dry-run", "--exit-code"]).exit, 3);
    desk.sync();
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    assert_eq!(desk.sync()["outcome"], "unchanged");
    assert_eq!(desk.run(&["sync", "--dry-run", "--exit-code"]).exit, 0);
}

#[test]
fn workbook_that_stands_twice_in_an_adopted_table_is_replaced_once() {
    let desk = Desk::empty();
    let old = desk.publish(Kind::Workbook, &["default"], "Sales");
    let map = desk.map();
    map.execute_batch(FIVE_COLUMNS).expect("create the table");
    for _ in 0..2 {
        let insert =
            "INSERT INTO API__TABLEAU__RESOURCES VALUES ('workbook', 'MySite', 'default', 'Sales', ?1)";
        map.execute(insert, [&old]).expect("insert a row");
    }
    desk.done(&["init"]);
    let new = desk.tableau.republish("MySite", Kind::Workbook, &old);
    let report = desk.sync();
    assert_eq!((&report["counts"]["replaced"], &report["counts"]["removed"]), (&1.into(), &0.into()));
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    desk.run(&["resolve", &old]).refused(3, &["is stale", &new]);
}

#[test]
fn table_with_other_columns_is_refused_and_left_alone() {
    let desk = Desk::empty();
    let tables = [
        "CREATE TABLE API__TABLEAU__RESOURCES (ID INTEGER, NOTE TEXT)",
        "CREATE TABLE API__TABLEAU__RESOURCES (RESOURCE_TYPE TEXT, SITE_ID TEXT, PROJECT_NAME TEXT, RESOURCE_NAME TEXT, \
         RESOURCE_ID TEXT, OWNER TEXT NOT NULL)",
        "CREATE TABLE API__TABLEAU__RESOURCES (RESOURCE_TYPE TEXT, SITE_ID TEXT, PROJECT_NAME TEXT, RESOURCE_NAME TEXT, \
         RESOURCE_ID TEXT, PRIMARY KEY (RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME)) WITHOUT ROWID",
    ];
    let reasons = [
        "it has no column RESOURCE_TYPE",
        "its column OWNER must not be null",
        "unique by RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME",
    ];
    for (table, reason) in tables.into_iter().zip(reasons) {
        let _ = std::fs::remove_file(desk.path("tabmap.db"));
        desk.map().execute_batch(table).expect("create the table");
        for command in ["init", "backfill"] {
            desk.run(&[command]).refused(1, &["API__TABLEAU__RESOURCES", reason]);
        }
        assert_eq!(desk.query("SELECT COUNT(*) FROM sqlite_schema"), ["1"], "nothing was created beside it");
    }
}

#[test]
fn map_of_another_server_is_refused_and_left_alone() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.sync();
    let mut other = Desk::generated(1, 5, 0);
    other.set("TABMAP_STORE", format!("sqlite:{}", desk.path("tabmap.db").display()));
    for command in ["sync", "backfill"] {
        other.run(&[command]).refused(1, &["belongs to the Tableau server", "nothing was changed"]);
    }
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    assert_eq!(desk.query("SELECT COUNT(*) FROM API__TABLEAU__SYNC_RUNS"), ["1"]);
    assert!(other.tableau.requests().is_empty(), "refused before Tableau was asked");
}

#[test]
fn server_that_was_renamed_keeps_its_map() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.sync();
    let mut renamed = Desk::generated(1, 3, 0);
    renamed.set("TABMAP_STORE", format!("sqlite:{}", desk.path("tabmap.db").display()));
    let host = |desk: &Desk| desk.tableau.url().trim_start_matches("http://").to_owned();
    let (old, new) = (host(&desk), host(&renamed));
    let remedy = format!("tabmap init --rename-server {old} {new}");
    renamed.run(&["sync"]).refused(1, &[&remedy]);
    renamed.run(&["init", "--rename-server", "other.example.com", &new]).refused(1, &["other.example.com"]);
    renamed.run(&["init", "--rename-server", "a b", &new]).refused(2, &["--rename-server", "https://"]);
    let said = renamed.done(&["init", "--rename-server", &format!("https://{old}/"), &new]);
    assert!(said.contains(&format!("now belongs to {new}")), "{said}");
    renamed.sync();
    desk.run(&["sync"]).refused(1, &[&format!("belongs to the Tableau server {new}")]);
}

#[test]
fn file_that_is_not_a_map_is_refused_with_a_remedy() {
    let desk = Desk::empty();
    desk.write(
        "tabmap.db",
        "this is a letter to my aunt, and long enough to have a header of a hundred bytes ........",
    );
    for command in ["init", "sync", "list"] {
        desk.run(&[command]).refused(1, &["tabmap.db", "not a database"]);
    }
    std::fs::create_dir(desk.path("folder")).expect("make a folder");
    desk.run(&["init", "--store", "sqlite:folder"]).refused(1, &["`folder`"]);
    desk.run(&["init", "--store", "sqlite:missing/map.db"])
        .refused(1, &["`missing/map.db`", "check that the folder exists"]);
}

#[test]
fn two_syncs_at_once_leave_one_true_map() {
    let desk = Desk::generated(1, 60, 30);
    desk.done(&["init"]);
    for item in desk.tableau.resources("MySite").iter().take(3) {
        desk.tableau.delete("MySite", item.kind, &item.luid);
    }
    // One token has one session, so each needs its own; the simulator knows the account's password too.
    let options = desk.tableau.options().clone();
    let mut other = desk.command(&["sync"]);
    other
        .env_remove("TABLEAU_PAT_NAME")
        .env("TABLEAU_USERNAME", options.username)
        .env("TABLEAU_PASSWORD", options.password);
    other.stdout(Stdio::null());
    let mut one = desk.command(&["sync"]).stdout(Stdio::null()).spawn().expect("start tabmap");
    let mut other = other.spawn().expect("start tabmap");
    assert!(one.wait().expect("wait").success() && other.wait().expect("wait").success());
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let added: Vec<String> = desk.query("SELECT SUM(ADDED) FROM API__TABLEAU__SYNC_RUNS");
    assert_eq!(added, ["87"], "what one run added the other did not add again");
}

#[test]
fn file_that_another_program_locks_is_waited_for() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let lock = Connection::open(desk.path("tabmap.db")).expect("open");
    lock.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let mut sync = desk.command(&["sync"]).stdout(Stdio::null()).spawn().expect("start tabmap");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(sync.try_wait().expect("ask").is_none(), "it waits");
    lock.execute_batch("ROLLBACK").expect("unlock");
    assert!(sync.wait().expect("wait").success());
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn every_index_is_there_after_a_first_sync_of_many_and_the_next_sync_finds_all_by_them() {
    let desk = Desk::generated(1, 9_000, 1_000);
    desk.done(&["init"]);
    let own = "CREATE INDEX \"of \"\"Ann\"\"\" ON API__TABLEAU__RESOURCES (PROJECT_NAME, LOWER(RESOURCE_NAME)); \
               CREATE UNIQUE INDEX ONCE ON API__TABLEAU__RESOURCES (SITE_ID, RESOURCE_TYPE, RESOURCE_ID);";
    desk.map().execute_batch(own).expect("create indexes");
    let indexes = || desk.query("SELECT sql FROM sqlite_schema WHERE type = 'index' ORDER BY name");
    let before = indexes();
    desk.sync();
    assert_eq!(desk.query("SELECT SUM(ADDED) FROM API__TABLEAU__SYNC_RUNS"), ["10000"]);
    assert_eq!(indexes(), before);
    assert_eq!(desk.query("PRAGMA integrity_check"), ["ok"]);
    let item = &desk.tableau.resources("MySite")[4];
    desk.tableau.republish("MySite", item.kind, &item.luid);
    desk.sync();
    assert_eq!(desk.query("SELECT SUM(REPLACED) FROM API__TABLEAU__SYNC_RUNS"), ["1"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    assert_eq!(indexes(), before);
}

#[test]
fn rows_that_spell_the_site_otherwise_are_named_in_every_report() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Sales");
    let map = desk.map();
    map.execute_batch(FIVE_COLUMNS).expect("create the table");
    let luid = "0a0a0a0a-0000-4000-8000-000000000001";
    let insert = "INSERT INTO API__TABLEAU__RESOURCES VALUES ('workbook', 'mysite', 'default', 'Sales', ?1)";
    map.execute(insert, [luid]).expect("insert a row");
    map.execute("INSERT INTO API__TABLEAU__RESOURCES (RESOURCE_NAME) VALUES ('nowhere')", [])
        .expect("insert a row");
    desk.done(&["init"]);
    let report = desk.sync();
    let warning = report["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("SITE_ID 'mysite'") && warning.contains("'MySite'"), "{warning}");
    desk.done(&["list"]);
}

#[test]
fn rows_with_a_misspelt_type_or_the_word_for_the_default_site_are_named_in_every_report() {
    let content = Content::from_json(r#"{"sites": [{"content_url": ""}]}"#).expect("valid content");
    let mut desk = Desk::with(content);
    desk.set("TABLEAU_SITE", "Default");
    let map = desk.map();
    map.execute_batch(FIVE_COLUMNS).expect("create the table");
    for (kind, site) in [("Workbook", ""), ("workbook", "Default")] {
        let insert = "INSERT INTO API__TABLEAU__RESOURCES VALUES (?1, ?2, 'default', 'Sales', 'stale')";
        map.execute(insert, [kind, site]).expect("insert a row");
    }
    desk.done(&["init"]);
    let warnings = desk.sync()["warnings"].to_string();
    assert!(warnings.contains("1 rows are not kept up to date, because their RESOURCE_TYPE"), "{warnings}");
    assert!(warnings.contains("SITE_ID 'Default'"), "{warnings}");
}
