//! `list` and `init`: what they print and write.

use serde_json::Value;
use tableau_simulator::Kind;
use test_support::desk::Desk;

#[test]
fn csv_carries_every_name_byte_for_byte() {
    let desk = Desk::generated(1, 60, 40);
    desk.done(&["init"]);
    desk.sync();
    let text = desk.done(&["list", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<_> = reader.headers().expect("a header").iter().take(5).map(str::to_owned).collect();
    assert_eq!(header, ["RESOURCE_TYPE", "SITE_ID", "PROJECT_NAME", "RESOURCE_NAME", "RESOURCE_ID"]);
    let mut listed: Vec<_> = reader
        .records()
        .map(|record| record.expect("a record"))
        .map(|record| [0, 5, 3, 4, 7].map(|column| record[column].to_owned()))
        .collect();
    listed.sort();
    assert_eq!(listed, desk.present("MySite"));
}

#[test]
fn table_keeps_every_resource_on_one_line_and_json_is_versioned() {
    let desk = Desk::empty();
    let luid = desk.publish(Kind::Workbook, &["default"], "two\nlines\u{1b}[31m");
    desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.done(&["init"]);
    desk.sync();
    let table = desk.done(&["list", "--kind", "workbook"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[1].contains(&luid) && lines[1].ends_with(r"default  two\nlines\u{1b}[31m"), "{table}");

    let document: Value = serde_json::from_str(&desk.done(&["list", "--format", "json"])).expect("JSON");
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["resources"].as_array().expect("resources").len(), 2);
    assert_eq!(document["resources"][1]["name"], "two\nlines\u{1b}[31m");
}

#[test]
fn init_writes_a_configuration_once_and_may_be_run_again() {
    let mut desk = Desk::generated(1, 3, 0);
    let server = desk.tableau.url().to_owned();
    desk.unset("TABLEAU_SERVER").unset("TABLEAU_SITE");
    let said = desk.done(&["init", "--server", &server, "--site", "MySite", "--store", "sqlite:map.db"]);
    assert!(
        said.contains("created table API__TABLEAU__RESOURCES") && said.contains("tabmap.toml: written"),
        "{said}"
    );
    desk.done(&["sync"]);
    assert!(desk.path("map.db").exists(), "the file's own settings were used");

    let written = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file");
    let said = desk.done(&["init", "--site", "Other"]);
    assert!(said.contains("the tables are there") && said.contains("left alone"), "{said}");
    assert_eq!(std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file"), written);
}

#[test]
fn every_key_of_the_written_configuration_is_accepted_when_it_is_uncommented() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let template = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file");
    let mut keys = 0;
    let mut uncommented = String::new();
    for line in template.lines() {
        // Comments begin with `# `; a key that is commented out follows its `#` at once.
        let is_key = line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        keys += usize::from(is_key);
        let is_second_store = line.contains("snowflake:my_connection") || line.contains("ca_bundle");
        uncommented.push_str(if is_key && !is_second_store { &line[1..] } else { line });
        uncommented.push('\n');
    }
    assert!(keys > 8, "{template}");
    desk.write("all.toml", &uncommented);
    desk.done(&["sync", "--config", "all.toml"]);
}

#[test]
fn print_shows_the_sql_and_changes_nothing() {
    let desk = Desk::empty();
    let sql = desk.done(&["init", "--print"]);
    assert!(sql.contains("CREATE TABLE IF NOT EXISTS API__TABLEAU__RESOURCES"), "{sql}");
    assert_eq!(std::fs::read_dir(desk.folder.path()).expect("the folder").count(), 0);
    desk.map().execute_batch(&sql).expect("the SQL runs as printed");
    desk.done(&["sync"]);
}

#[test]
fn a_map_that_is_not_there_is_named_with_the_way_to_make_it() {
    let desk = Desk::empty();
    for command in [&["sync"][..], &["list"], &["resolve", "workbook", "Sales"]] {
        desk.run(command).refused(1, &["sqlite:tabmap.db has no map yet", "tabmap init", "tabmap backfill"]);
    }
    assert!(!desk.path("tabmap.db").exists(), "nothing was created on the way");
    assert!(desk.tableau.requests().is_empty(), "refused before Tableau was asked");
}

#[test]
fn init_writes_the_configuration_that_is_named_and_no_other() {
    let mut desk = Desk::empty();
    desk.done(&["init", "--config", "mine.toml"]);
    desk.set("TABMAP_CONFIG", "yours.toml");
    desk.done(&["init"]);
    assert!(desk.path("mine.toml").exists() && desk.path("yours.toml").exists());
    assert!(!desk.path("tabmap.toml").exists());
    desk.done(&["sync"]);
}
