//! `docs/map.md` has the columns of the map, and its SQL for SQLite says what it promises. `docs/coming-from.md` leads from
//! a table with five columns to a map.

use std::fs;
use std::process::Output;

use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::pages::blocks;
use test_support::{repository, tabmap};

/// A desk with a map of one workbook.
fn desk() -> Desk {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Finance"], "Weekly Sales");
    desk.done(&["init"]);
    desk.sync();
    desk
}

#[test]
fn page_of_the_map_has_its_columns_in_their_order() {
    let page = fs::read_to_string(repository("docs/map.md")).expect("the page");
    let (_, table) = page.split_once("| column | holds |\n|---|---|\n").expect("a table");
    let rows = table.split("\n\n").next().expect("its end").lines();
    let written: Vec<_> = rows.map(|row| row.split('`').nth(1).expect("a name").to_owned()).collect();
    assert_eq!(written, desk().query("SELECT name FROM pragma_table_info('API__TABLEAU__RESOURCES')"));
}

#[test]
fn queries_for_sqlite_find_what_changed_today_and_nothing_older() {
    let desk = desk();
    let queries: Vec<_> =
        blocks(&["sql"]).into_iter().filter(|block| block.text.starts_with("-- SQLite")).collect();
    assert!(queries.len() >= 2);
    // On the same day, mostly: the letter between date and time must not decide.
    for (age, count) in [("-23 hours", 1), ("-25 hours", 0)] {
        let time = format!("strftime('%Y-%m-%dT%H:%M:%S', 'now', '{age}') || '.000000Z'");
        let update = format!("UPDATE API__TABLEAU__RESOURCES SET CHANGED_AT = {time}");
        for query in &queries {
            desk.map().execute(&update, []).expect("set the time");
            let found = desk.query(query.text.trim().trim_end_matches(';'));
            assert_eq!(found.len(), count, "{} {age}: {found:?}", query.place());
        }
    }
}

#[test]
fn steps_from_five_columns_keep_the_rows_and_bring_them_up_to_date() {
    let desk = Desk::empty();
    let sales = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    let map = desk.map();
    let create = "CREATE TABLE API__TABLEAU__RESOURCES (RESOURCE_TYPE TEXT, SITE_ID TEXT, PROJECT_NAME TEXT, RESOURCE_NAME TEXT, \
                  RESOURCE_ID TEXT)";
    map.execute(create, []).expect("create the table");
    let insert = "INSERT INTO API__TABLEAU__RESOURCES VALUES (?1, ?2, 'EMEA', ?3, ?4)";
    let republished = desk.tableau.republish("MySite", Kind::Workbook, &sales);
    for row in [
        ["workbook", "MySite", "Sales", sales.as_str()],
        ["view", "MySite", "Sheet", "0a0a0a0a-0000-4000-8000-000000000002"],
        ["workbook", "Elsewhere", "Load", "0a0a0a0a-0000-4000-8000-000000000003"],
        ["workbook", "MySite", "Gone", "0a0a0a0a-0000-4000-8000-000000000004"],
    ] {
        map.execute(insert, row).expect("insert a row");
    }
    let steps = blocks(&["sh"]).into_iter().find(|block| block.mark == "five columns").expect("the steps");
    let mut shell = desk.command_of("/bin/sh", &["-euc", &steps.text]);
    shell.env("PATH", tabmap().parent().expect("its folder"));
    let Output { status, stdout, stderr } = shell.output().expect("start a shell");
    let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(status.success(), "{said}");
    let words = ["added column PROJECT_PATH", "replaced", "removed", "1 replaced, 0 moved, 1 removed"];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    let rows =
        "SELECT RESOURCE_NAME, RESOURCE_ID, PROJECT_PATH FROM API__TABLEAU__RESOURCES ORDER BY RESOURCE_NAME";
    let load = "Load|0a0a0a0a-0000-4000-8000-000000000003|null".to_owned();
    let sheet = "Sheet|0a0a0a0a-0000-4000-8000-000000000002|null".to_owned();
    assert_eq!(desk.query(rows), [load, format!("Sales|{republished}|Finance/EMEA"), sheet]);
}
