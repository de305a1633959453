//! `list` and `init`: what they print and write.

use std::collections::BTreeSet;

use serde_json::Value;
use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::terminal::on_terminal;

use crate::check::desk_with_map;

/// The names that a list shows, in its order.
#[track_caller]
fn names(desk: &Desk, more: &[&str]) -> Vec<String> {
    let document: Value =
        serde_json::from_str(&desk.done(&[&["list", "--format", "json"], more].concat())).expect("JSON");
    let resources = document["resources"].as_array().expect("resources").iter();
    resources.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn list_shows_the_project_the_names_and_the_time_that_are_asked_for() {
    let desk = desk_with_map();
    assert_eq!(names(&desk, &["--project", "EMEA"]), ["Pipeline", "Revenue", "Pipeline"]);
    assert_eq!(names(&desk, &["--project", "Finance/EMEA"]), ["Pipeline", "Revenue"]);
    assert_eq!(names(&desk, &["--project", "/EMEA"]), [""; 0]);
    assert_eq!(names(&desk, &["--name", "*e*", "--kind", "datasource"]), ["Customers", "Orders"]);
    assert_eq!(names(&desk, &["--name", "?ew Name"]), ["New Name"]);
    assert_eq!(names(&desk, &["--name", "revenue"]), [""; 0], "case matters");
    assert_eq!(names(&desk, &["--changed-since", "2026-11-18"]), ["Revenue"]);
    assert_eq!(names(&desk, &["--changed-since", "2026-11-17", "--project", "EMEA"]), ["Revenue"]);
    assert_eq!(names(&desk, &["--changed-since", "1d"]), [""; 0]);
    desk.run(&["list", "--name", "[a"]).exit_is(2);
    desk.run(&["list", "--changed-since", "soon"]).exit_is(2);
}

#[test]
fn pattern_fits_a_name_in_either_normal_form_and_across_slashes() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Cafe\u{301} 1/2");
    desk.done(&["init"]);
    desk.sync();
    for pattern in ["Caf\u{e9}*", "Cafe\u{301}*2", "*1/2"] {
        assert_eq!(names(&desk, &["--name", pattern]).len(), 1, "{pattern}");
    }
}

#[test]
fn site_that_the_map_does_not_know_is_refused_with_near_names() {
    let mut desk = desk_with_map();
    for command in ["list", "history"] {
        desk.run(&[command, "--site", "MySiet"]).refused(3, &["no rows for site `MySiet`", "mean `MySite`?"]);
        desk.run(&[command, "--site", "MySite,Other"]).refused(3, &["`Other`", "it has `Default`, `MySite`"]);
        desk.run(&[command, "--site", "default"]).refused(3, &["write `Default` for the Default site"]);
        desk.done(&[command, "--site", "mysite"]);
    }
    desk.set("TABLEAU_SITE", "MySite,New");
    let answer = desk.run(&["list"]);
    assert!(answer.exit == 0 && answer.stderr.contains("no rows for site `New`"), "{}", answer.stderr);
}

#[test]
fn site_that_was_synced_and_is_empty_is_known() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    desk.run(&["list", "--site", "MySite"]).refused(3, &["the map is empty", "tabmap sync"]);
    desk.sync();
    assert_eq!(desk.done(&["list", "--site", "MySite"]).lines().count(), 1);
}

#[test]
fn table_fits_the_terminal_and_wide_shows_all_of_it() {
    let desk = Desk::empty();
    let name = "Weekly Sales of the whole company, by region";
    let luid = desk.publish(Kind::Workbook, &["Finance", "Europe, Middle East and Africa"], name);
    desk.done(&["init"]);
    desk.sync();
    let full = desk.done(&["list"]);
    let at = |columns: u16, more: &[&str]| on_terminal(&desk, columns, &[&["list"], more].concat());
    for columns in [80, 100, 120] {
        let screen = at(columns, &[]);
        let lines: Vec<&str> = screen.lines().filter(|line| !line.contains("--wide")).collect();
        assert_eq!(lines.len(), 2, "{screen}");
        assert!(lines.iter().all(|line| line.chars().count() <= columns.into()), "{columns}: {screen}");
        assert!(lines[1].contains(&luid) && lines[1].contains('…'), "{columns}: {screen}");
    }
    let narrow = at(80, &[]);
    assert!(!narrow.contains("URL NUMBER") && narrow.contains("`--wide` shows all of them"), "{narrow}");
    assert_eq!(at(200, &[]), full);
    assert_eq!(at(80, &["--wide"]), full);
}

#[test]
fn csv_for_spreadsheets_begins_no_cell_like_a_formula() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "=HYPERLINK(1)");
    desk.publish(Kind::Workbook, &["default"], "plain");
    desk.done(&["init"]);
    desk.sync();
    let safe = desk.done(&["list", "--format", "csv", "--csv-safe"]);
    assert!(safe.contains(",'=HYPERLINK(1),") && safe.contains(",plain,"), "{safe}");
    assert!(desk.done(&["list", "--format", "csv"]).contains(",=HYPERLINK(1),"));
    desk.run(&["list", "--csv-safe"]).refused(2, &["--csv-safe", "--format csv"]);
}

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
    assert!(said.contains("the tables are there") && said.contains("was not changed"), "{said}");
    assert_eq!(std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file"), written);
}

#[test]
fn every_key_of_the_written_configuration_is_accepted_when_it_is_uncommented() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let template = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file");
    let mut keys = 0;
    let mut uncommented = String::new();
    let (mut section, mut seen) = ("", BTreeSet::new());
    for line in template.lines() {
        section = if line.starts_with('[') { line } else { section };
        // Comments begin with `# `; a key that is commented out follows its `#` at once.
        let key = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && rest.contains(" = "));
        keys += usize::from(key.is_some());
        // A second line of one key is another example of it.
        let key = key.filter(|key| seen.insert((section, key.split(" = ").next())));
        uncommented.push_str(key.filter(|key| !key.starts_with("ca_bundle")).unwrap_or(line));
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
