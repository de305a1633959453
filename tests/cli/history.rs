//! `history`: what changed and what happened to one resource, from the change log.

use serde_json::Value;
use tableau_simulator::Kind;
use test_support::desk::Desk;

use crate::check::desk_with_map;

/// The changes that a command shows, each as `WORD NAME BEFORE AFTER`, LUIDs by their first eight digits.
#[track_caller]
fn shown(desk: &Desk, more: &[&str]) -> Vec<String> {
    let arguments = [&["history", "--format", "json"], more].concat();
    let document: Value = serde_json::from_str(&desk.done(&arguments)).expect("JSON");
    assert_eq!(document["format_version"], 1);
    let luid = |side: &Value| side["luid"].as_str().map_or("-".to_owned(), |luid| luid[..8].to_owned());
    let line = |change: &Value| {
        let (before, after) = (&change["before"], &change["after"]);
        let name = if after.is_null() { &before["name"] } else { &after["name"] };
        let (word, name) = (change["change"].as_str().expect("a word"), name.as_str().expect("a name"));
        format!("{word} {name} {} {}", luid(before), luid(after))
    };
    document["changes"].as_array().expect("changes").iter().map(line).collect()
}

#[test]
fn what_changed_since_a_day_is_shown_without_what_was_before() {
    let desk = desk_with_map();
    let tuesday = [
        "replaced Orders 00000201 00000211",
        "moved New Name 00000106 00000106",
        "removed Costs 00000102 -",
        "replaced Revenue 00000101 00000111",
        "moved Campaigns 00000103 00000103",
    ];
    let wednesday = ["replaced Revenue 00000111 00000121"];
    let mut expected = [&tuesday[..], &wednesday].concat();
    expected.sort_unstable();
    let sorted = |more: &[&str]| {
        let mut shown = shown(&desk, more);
        shown.sort();
        shown
    };
    assert_eq!(sorted(&["--since", "2026-11-17"]), expected);
    assert_eq!(sorted(&["--since", "5000 weeks"]).len(), 9 + expected.len(), "all that was added, too");
    assert_eq!(shown(&desk, &["--since", "2026-11-17T05:00:01Z"]), wednesday);
    assert_eq!(shown(&desk, &["--since", "2026-11-17", "--kind", "datasource"]), tuesday[..1]);
    assert_eq!(shown(&desk, &["--site", "Default"]), ["added Welcome - 00000301"]);
    desk.run(&["history", "--since", "yesterday"]).exit_is(2);
}

#[test]
fn changes_of_one_run_are_found_by_the_id_that_the_table_shows() {
    let desk = desk_with_map();
    let table = desk.done(&["history", "--since", "2026-11-18"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    let run = lines[1].split_whitespace().last().expect("a run");
    assert_eq!(shown(&desk, &["--run", run]), ["replaced Revenue 00000111 00000121"]);
    desk.run(&["history", "--run", "last"]).exit_is(2);
}

#[test]
fn one_resource_is_followed_through_its_former_names_and_luids() {
    let desk = desk_with_map();
    let revenue = [
        "added Revenue - 00000101",
        "replaced Revenue 00000101 00000111",
        "replaced Revenue 00000111 00000121",
    ];
    for what in [
        vec!["workbook", "Revenue"],
        vec!["Revenue", "--kind", "workbook"],
        vec!["00000101-0000-4000-8000-000000000101"],
        vec!["00000121-0000-4000-8000-000000000121"],
        vec!["https://tableau.example.com/#/site/MySite/workbooks/111/views"],
        vec!["workbook", "Revenue", "--project", "Finance/EMEA"],
    ] {
        assert_eq!(shown(&desk, &what), revenue, "{what:?}");
    }
    assert_eq!(shown(&desk, &["workbook", "Revenue", "--since", "2026-11-18"]), revenue[2..]);
    let renamed = ["added Old Name - 00000106", "moved New Name 00000106 00000106"];
    for name in ["Old Name", "New Name"] {
        assert_eq!(shown(&desk, &["workbook", name]), renamed);
    }
    let removed = ["added Costs - 00000102", "removed Costs 00000102 -"];
    assert_eq!(shown(&desk, &["workbook", "Costs"]), removed);
    let moved = ["added Campaigns - 00000103", "moved Campaigns 00000103 00000103"];
    assert_eq!(shown(&desk, &["workbook", "Campaigns", "--project", "Archive"]), moved);
}

#[test]
fn unknown_resource_is_refused_with_near_names_as_resolve_does() {
    let desk = desk_with_map();
    desk.run(&["history", "workbook", "Revenu"])
        .refused(3, &["no workbook `Revenu`", "`Finance/EMEA::Revenue`"]);
    desk.run(&["history", "0a0a0a0a-0000-4000-8000-000000000001"]).refused(3, &["the map has no LUID"]);
    desk.run(&["history", "Revenue"]).refused(2, &["`workbook NAME`"]);
    desk.run(&["history", "https://other.example.com/#/site/MySite/workbooks/1"])
        .refused(3, &["`other.example.com`"]);
}

#[test]
fn no_changes_are_told_in_one_sentence() {
    let desk = desk_with_map();
    let run = "01890000-0000-7000-8000-000000000000";
    for (arguments, sentence) in [
        (&["--since", "2026-11-19"][..], "no changes since 2026-11-19T00:00:00Z\n"),
        (
            &["workbook", "Campaigns", "--since", "2026-11-18T01:02:03.5Z"],
            "no changes of workbook `Campaigns` since 2026-11-18T01:02:03Z\n",
        ),
        (&["--run", run], "no changes by run 01890000-0000-7000-8000-000000000000\n"),
    ] {
        assert_eq!(desk.done(&[&["history"], arguments].concat()), sentence);
    }
    assert_eq!(shown(&desk, &["--run", run]), [""; 0]);
    let csv = desk.done(&["history", "--run", run, "--format", "csv"]);
    assert!(csv.starts_with("RUN_ID,CHANGED_AT,SITE_ID,CHANGE,RESOURCE_TYPE,") && csv.lines().count() == 1);
}

#[test]
fn table_says_where_a_resource_was_and_which_luid_it_had() {
    let desk = desk_with_map();
    let table =
        desk.done(&["history", "workbook", "Campaigns"]) + &desk.done(&["history", "workbook", "Revenue"]);
    let rows: Vec<String> = table
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>())
        .map(|cells| cells[..cells.len() - 1].join("|"))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn csv_carries_both_sides_and_names_steer_no_terminal() {
    let desk = Desk::empty();
    let luid = desk.publish(Kind::Workbook, &["default"], "=1+1\n\u{1b}[31m");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.rename("MySite", Kind::Workbook, &luid, "plain");
    desk.sync();
    let table = desk.done(&["history", "workbook", "plain"]);
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(!table.contains('\u{1b}') && table.contains(r"=1+1\n\u{1b}[31m"), "{table}");
    for (more, name) in [(&[][..], "=1+1\n\u{1b}[31m"), (&["--csv-safe"], "'=1+1\n\u{1b}[31m")] {
        let text = desk.done(&[&["history", "--format", "csv"], more].concat());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().expect("a header").clone();
        let rows: Vec<_> = reader.records().map(|record| record.expect("a record")).collect();
        let of = |row: usize, column: &str| {
            rows[row][names.iter().position(|name| name == column).expect("the column")].to_owned()
        };
        assert_eq!((of(1, "CHANGE").as_str(), of(1, "RESOURCE_NAME_BEFORE").as_str()), ("moved", name));
        assert_eq!(
            (of(1, "RESOURCE_NAME_AFTER").as_str(), of(0, "RESOURCE_ID_AFTER")),
            ("plain", luid.clone())
        );
    }
    desk.run(&["history", "--csv-safe"]).refused(2, &["--csv-safe", "--format csv"]);
}
