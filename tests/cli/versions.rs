//! Files that other releases wrote: older ones are migrated, newer ones refused by name.

use rusqlite::Connection;
use tableau_simulator::Kind;
use test_support::desk::Desk;

use crate::serving::{SALES, Serving, desk, event, in_state, until};

/// The tables as the first release made them: no version, and a change log without numbers.
const FIRST_RELEASE: &str = "
CREATE TABLE API__TABLEAU__RESOURCES (
    RESOURCE_TYPE TEXT NOT NULL, SITE_ID TEXT NOT NULL, PROJECT_NAME TEXT NOT NULL, RESOURCE_NAME TEXT NOT NULL,
    RESOURCE_ID TEXT NOT NULL, PROJECT_PATH TEXT, PROJECT_ID TEXT, VIZPORTAL_URL_ID TEXT, FIRST_SEEN_AT TEXT,
    CHANGED_AT TEXT
);
CREATE INDEX API__TABLEAU__RESOURCES_BY_ID ON API__TABLEAU__RESOURCES (SITE_ID, RESOURCE_TYPE, RESOURCE_ID);
CREATE TABLE API__TABLEAU__SYNC_RUNS (
    RUN_ID TEXT NOT NULL PRIMARY KEY, SERVER_URL TEXT NOT NULL, SITE_ID TEXT NOT NULL, SOURCE TEXT NOT NULL,
    SNAPSHOT_AT TEXT NOT NULL, STARTED_AT TEXT NOT NULL, FINISHED_AT TEXT, STATUS TEXT NOT NULL,
    WORKBOOKS INTEGER NOT NULL, DATASOURCES INTEGER NOT NULL, ADDED INTEGER NOT NULL, REPLACED INTEGER NOT NULL,
    MOVED INTEGER NOT NULL, REMOVED INTEGER NOT NULL, CORRECTED INTEGER NOT NULL, LAGGING INTEGER NOT NULL,
    GHOSTS INTEGER NOT NULL, SKIPPED INTEGER NOT NULL, AMBIGUOUS INTEGER NOT NULL, WARNINGS TEXT NOT NULL,
    TOOL_VERSION TEXT NOT NULL
);
CREATE TABLE API__TABLEAU__RESOURCE_CHANGES (
    RUN_ID TEXT NOT NULL, CHANGED_AT TEXT NOT NULL, SITE_ID TEXT NOT NULL, CHANGE TEXT NOT NULL,
    RESOURCE_TYPE TEXT NOT NULL, PROJECT_PATH_BEFORE TEXT, PROJECT_NAME_BEFORE TEXT, RESOURCE_NAME_BEFORE TEXT,
    RESOURCE_ID_BEFORE TEXT, PROJECT_PATH_AFTER TEXT, PROJECT_NAME_AFTER TEXT, RESOURCE_NAME_AFTER TEXT,
    RESOURCE_ID_AFTER TEXT
);";

/// A map of the first release with one workbook, which two runs of the same millisecond wrote.
fn map_of_the_first_release(desk: &Desk) -> String {
    let luid = desk.publish(Kind::Workbook, &["default"], "Sales");
    let map = desk.map();
    map.execute_batch(FIRST_RELEASE).expect("create the tables");
    for (run, time) in [("run-1", "2026-11-20T10:00:00.123Z"), ("run-2", "2026-11-20T10:00:00.123456Z")] {
        let sql = "INSERT INTO API__TABLEAU__SYNC_RUNS VALUES \
                   (?1, ?2, 'MySite', 'metadata', ?3, ?3, '2026-11-20T10:00:01Z', 'complete', \
                    1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, '[]', '0.1.0')";
        map.execute(sql, [run, server(desk), time]).expect("insert a run");
    }
    let sql = "INSERT INTO API__TABLEAU__RESOURCES VALUES \
               ('workbook', 'MySite', 'default', 'Sales', ?1, 'default', NULL, NULL, '2026-11-20T10:00:00.5Z', NULL)";
    map.execute(sql, [&luid]).expect("insert a row");
    let sql = "INSERT INTO API__TABLEAU__RESOURCE_CHANGES VALUES ('run-1', '2026-11-20T10:00:00.123Z', 'MySite', 'added', \
               'workbook', NULL, NULL, NULL, NULL, 'default', 'default', 'Sales', ?1)";
    map.execute(sql, [&luid]).expect("insert a change");
    luid
}

/// The simulator as the map names it.
fn server(desk: &Desk) -> &str {
    desk.tableau.url().trim_start_matches("http://")
}

fn version(file: &Connection) -> i64 {
    file.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version")
}

#[test]
fn map_of_the_first_release_is_migrated_by_whichever_command_opens_it() {
    let desk = Desk::empty();
    let luid = map_of_the_first_release(&desk);
    assert_eq!(version(&desk.map()), 0);
    assert_eq!(desk.done(&["resolve", "workbook", "Sales"]), format!("{luid}\n"));
    assert_eq!(version(&desk.map()), 2);
    let times = desk.query(
        "SELECT SNAPSHOT_AT FROM API__TABLEAU__SYNC_RUNS UNION ALL SELECT FINISHED_AT FROM API__TABLEAU__SYNC_RUNS \
         UNION ALL SELECT FIRST_SEEN_AT FROM API__TABLEAU__RESOURCES UNION ALL SELECT CHANGED_AT FROM API__TABLEAU__RESOURCES \
         UNION ALL SELECT CHANGED_AT FROM API__TABLEAU__RESOURCE_CHANGES",
    );
    let of = |fraction: &str| format!("2026-11-20T10:00:0{fraction}Z");
    let finished = of("1.000000");
    let expected = [
        of("0.123000"),
        of("0.123456"),
        finished.clone(),
        finished,
        of("0.500000"),
        "null".to_owned(),
        of("0.123000"),
    ];
    assert_eq!(times, expected);
    assert_eq!(desk.sync()["counts"]["corrected"], 1, "the number and the project's LUID are filled in");
    desk.tableau.republish("MySite", Kind::Workbook, &luid);
    assert_eq!(desk.sync()["counts"]["replaced"], 1, "and the change log takes in the number");
}

#[test]
fn snapshot_older_than_a_run_of_the_same_millisecond_is_refused_on_a_map_of_the_first_release() {
    let desk = Desk::empty();
    let luid = map_of_the_first_release(&desk);
    let recorded = |fraction: &str| {
        let text = format!(
            r#"{{"format_version": 1, "server": "{}", "sites": [{{"site": "MySite", "source": "metadata",
                "taken_at": "2026-11-20T10:00:00.{fraction}Z", "complete": ["workbook", "datasource"], "lagging": 0,
                "ghosts": 0, "skipped": 0, "warnings": [], "gone": [], "resources": [
                {{"kind": "workbook", "project_name": "default", "project_path": "default", "name": "Sales",
                "luid": "{luid}", "project_luid": null, "vizportal_url_id": "7"}}]}}]}}"#,
            server(&desk)
        );
        desk.write("recording.json", &text);
        desk.run(&["sync", "--from", "recording.json"])
    };
    recorded("1232").refused(1, &["already holds one of 2026-11-20T10:00:00.123456Z"]);
    recorded("1235").exit_is(0);
}

#[test]
fn map_of_the_first_release_that_may_only_be_read_is_read_as_it_is() {
    let desk = Desk::empty();
    let luid = map_of_the_first_release(&desk);
    let add = ["VIZPORTAL_URL_ID", "CONTENT_URL"].map(|column| {
        let add = format!("ALTER TABLE API__TABLEAU__RESOURCE_CHANGES ADD COLUMN {column}");
        format!("{add}_BEFORE TEXT; {add}_AFTER TEXT;")
    });
    let add = add.concat() + "ALTER TABLE API__TABLEAU__RESOURCES ADD COLUMN CONTENT_URL TEXT";
    desk.map().execute_batch(&add).expect("add the columns");
    let resolved = crate::trouble::as_reader(&desk, &["resolve", "workbook", "Sales"]);
    assert_eq!((resolved.exit, resolved.stdout), (0, format!("{luid}\n")), "{}", resolved.stderr);
    assert_eq!(version(&desk.map()), 0);
}

#[test]
fn map_of_a_newer_release_is_refused_by_every_command_and_left_alone() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.done(&["backfill"]);
    desk.map().pragma_update(None, "user_version", 7).expect("set the version");
    let before = std::fs::read(desk.path("tabmap.db")).expect("read the file");
    for command in ["init", "sync", "backfill", "list", "resolve workbook Sales", "refresh workbook Sales"] {
        let arguments: Vec<_> = command.split(' ').collect();
        let words =
            ["sqlite:tabmap.db", "newer tabmap", "schema version 7", "versions up to 2", "Update tabmap"];
        desk.run(&arguments).refused(1, &words);
    }
    assert_eq!(std::fs::read(desk.path("tabmap.db")).expect("read the file"), before);
}

#[test]
fn queue_without_a_column_gets_it_and_its_refreshes_are_done() {
    for column in ["MESSAGE", "SINCE", "RESOURCE", "ATTEMPT", "QUEUED_MS"] {
        for number in [0, 1] {
            let (desk, _) = desk(SALES);
            let mut serving = Serving::start(&desk);
            serving.terminate();
            let queue = Connection::open(desk.path("tabmap-refreshes.db")).expect("open the queue");
            queue.execute_batch(&format!("ALTER TABLE REFRESHES DROP COLUMN {column}")).expect("drop it");
            queue.pragma_update(None, "user_version", number).expect("set the version");
            drop(queue);
            let serving = Serving::start(&desk);
            assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted", "{column}");
            until("the end", || in_state(&desk, "succeeded") == 1);
        }
    }
}

#[test]
fn queue_of_a_newer_release_is_refused_by_serve_and_left_alone_by_refresh() {
    let (desk, _) = desk(SALES);
    Serving::start(&desk).terminate();
    let queue = Connection::open(desk.path("tabmap-refreshes.db")).expect("open the queue");
    queue.pragma_update(None, "user_version", 7).expect("set the version");
    let words =
        ["tabmap-refreshes.db", "newer tabmap", "schema version 7", "versions up to 2", "Update tabmap"];
    desk.run(&["serve"]).refused(1, &words);
    desk.run(&["serve", "--list-failed"]).refused(1, &words);
    let refreshed = desk.run(&["refresh", "workbook", "Sales"]);
    assert!(refreshed.exit == 0 && refreshed.stderr.contains("newer tabmap"), "{}", refreshed.stderr);
    let starts: i64 = queue.query_row("SELECT COUNT(*) FROM STARTS", [], |row| row.get(0)).expect("a count");
    assert_eq!((version(&queue), starts), (7, 0));
}

#[test]
fn file_of_the_map_is_refused_as_the_queue() {
    let (desk, _) = desk(SALES);
    crate::serving::write_config(&desk, "file = \"tabmap.db\"", SALES);
    desk.run(&["serve"]).refused(1, &["`tabmap.db` holds the map", "`file` under `[refresh]`"]);
}
