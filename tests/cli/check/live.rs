//! A live snapshot beside the map, and in its place.

use std::collections::BTreeMap;

use serde_json::Value;
use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem, IndexMode, Kind, Visibility};
use test_support::desk::Desk;

/// The codes of the findings about the map, and all about files.
fn codes(desk: &Desk, arguments: &[&str], exit: i32) -> Vec<String> {
    let answer = desk.run(&[&["check", "--format", "json"], arguments].concat());
    assert_eq!(answer.exit, exit, "{}{}", answer.stdout, answer.stderr);
    let document: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
    let findings = document["findings"].as_array().expect("findings").iter();
    findings
        .map(|one| {
            format!("{} {}", one["path"].as_str().unwrap_or("map"), one["code"].as_str().expect("a code"))
        })
        .collect()
}

#[test]
fn true_map_and_true_references_are_done() {
    let desk = Desk::empty();
    let luid = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.done(&["init"]);
    desk.done(&["sync"]);
    desk.write("a.py", &luid);
    assert_eq!(codes(&desk, &["a.py"], 0), Vec::<String>::new());
    assert_eq!(desk.tableau.live_sessions(), 0);
}

#[test]
fn each_row_that_tableau_contradicts_is_a_finding() {
    let desk = Desk::empty();
    let replaced = desk.publish(Kind::Workbook, &["default"], "Replaced");
    let gone = desk.publish(Kind::Workbook, &["default"], "Gone");
    let moved = desk.publish(Kind::Datasource, &["default"], "Moved");
    desk.publish(Kind::Workbook, &["A", "Same"], "Twice");
    desk.publish(Kind::Workbook, &["B", "Same"], "Twice");
    let drifted = desk.publish(Kind::Workbook, &["default"], "Drifted");
    desk.project(&["Finance"]);
    desk.done(&["init"]);
    desk.sync();
    let new = desk.tableau.republish("MySite", Kind::Workbook, &replaced);
    desk.tableau.delete("MySite", Kind::Workbook, &gone);
    desk.tableau.move_to("MySite", Kind::Datasource, &moved, &["Finance"]);
    desk.publish(Kind::Workbook, &["default"], "Added");
    desk.map()
        .execute(
            "UPDATE API__TABLEAU__RESOURCES SET VIZPORTAL_URL_ID = NULL WHERE RESOURCE_ID = ?1",
            [&drifted],
        )
        .expect("spoil a row");
    desk.write("none", "");
    let found = codes(&desk, &["none"], 3);
    let expect =
        ["stale-luid", "replaced-luid", "moved-resource", "ambiguous-key", "missing-from-map", "map-drift"];
    assert_eq!(found, expect.map(|code| format!("map {code}")));
    let text = desk.run(&["check", "none"]).stdout;
    assert!(text.contains(&format!("the workbook now has LUID {new}")), "{text}");
    desk.sync();
    assert_eq!(codes(&desk, &["none"], 0), ["map ambiguous-key"]);
}

#[test]
fn references_are_judged_by_what_tableau_lists_now_and_fixed_before_the_next_sync() {
    let desk = Desk::empty();
    let old = desk.publish(Kind::Workbook, &["default"], "Sales");
    let number = |luid: &str| {
        desk.tableau
            .resources("MySite")
            .iter()
            .find(|one| one.luid == luid)
            .expect("there")
            .vizportal_url_id
            .clone()
    };
    let page = |number: &str| format!("{}/#/site/MySite/workbooks/{number}/views", desk.tableau.url());
    desk.done(&["init"]);
    desk.sync();
    let old_page = page(&number(&old));
    let new = desk.tableau.republish("MySite", Kind::Workbook, &old);
    let new_page = page(&number(&new));
    desk.write("a.md", &format!("{old} {old_page}\n{new} {new_page}\n"));
    assert_eq!(
        codes(&desk, &["--offline", "a.md"], 3),
        ["a.md unknown-resource"],
        "the map knows nothing of it yet"
    );
    assert_eq!(codes(&desk, &["a.md"], 3), ["map replaced-luid", "a.md replaced-luid", "a.md replaced-url"]);
    desk.run(&["check", "--fix", "a.md"]);
    let fixed = std::fs::read_to_string(desk.path("a.md")).expect("the file");
    assert_eq!(fixed, format!("{new} {new_page}\n{new} {new_page}\n"));
}

#[test]
fn live_needs_no_store_and_knows_no_past() {
    let mut desk = Desk::empty();
    let old = desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.tableau.republish("MySite", Kind::Workbook, &old);
    desk.set("TABMAP_STORE", "sqlite:none.db");
    let call = |name: &str| {
        format!("CALL API__TABLEAU__REFRESH_RESOURCE('workbook', '{name}', 'default', 'MySite', 'c');\n")
    };
    desk.write("a.sql", &(call("Sales") + &call("sales") + &old));
    assert_eq!(codes(&desk, &["--live", "a.sql"], 3), ["a.sql unknown-resource"]);
    assert!(!desk.path("none.db").exists());
}

#[test]
fn incomplete_listing_warns_and_calls_nothing_stale() {
    let desk = Desk::empty();
    let luid = desk.publish(Kind::Workbook, &["default"], "Sales");
    let gone = desk.publish(Kind::Workbook, &["default"], "Gone");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.delete("MySite", Kind::Workbook, &gone);
    list_no_workbooks(&desk);
    desk.write("a.py", &format!("{luid} {gone}"));
    let found = codes(&desk, &["a.py"], 0);
    assert!(!found.is_empty() && found.iter().all(|one| one == "map incomplete-listing"), "{found:?}");
}

#[test]
fn what_an_incomplete_listing_may_lack_is_left_open_and_said_to_be_incomplete() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Stays");
    let again = desk.publish(Kind::Workbook, &["default"], "Again");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.delete("MySite", Kind::Workbook, &again);
    desk.sync();
    desk.tableau.set_index(IndexMode::Frozen);
    desk.publish(Kind::Workbook, &["default"], "Again");
    let new = desk.publish(Kind::Workbook, &["default"], "Sales");
    list_no_workbooks(&desk);
    let server = desk.tableau.url();
    let call = |kind: &str, name: &str| {
        format!("CALL API__TABLEAU__REFRESH_RESOURCE('{kind}', '{name}', 'default', 'MySite');\n")
    };
    desk.write(
        "a.sql",
        &format!(
            "{}{}-- {server}/#/site/MySite/workbooks/999 {server}/#/site/MySite/views/Sales/Overview \
             {server}/#/site/MySite/views/Again/Overview\n",
            call("workbook", "Sales"),
            call("workbook", "Again"),
        ),
    );
    desk.write("tabmap-refs.toml", &format!("[[reference]]\nluid = \"{new}\"\n"));
    for mode in [&["a.sql", "tabmap-refs.toml"][..], &["--live", "a.sql", "tabmap-refs.toml"]] {
        assert_eq!(codes(&desk, mode, 0), ["map incomplete-listing"], "{mode:?}");
    }
    desk.write("b.sql", &call("datasource", "Sales"));
    assert_eq!(codes(&desk, &["--live", "b.sql"], 3), ["map incomplete-listing", "b.sql unknown-resource"]);
}

/// References to a workbook by its name, its LUID, its number and its name in addresses, and to a data source that is not there.
fn refer_to_everything(desk: &Desk, luid: &str) {
    let items = desk.tableau.resources("MySite");
    let workbook = items.iter().find(|one| one.luid == luid).expect("there");
    let (name, number, server) = (&workbook.name, &workbook.vizportal_url_id, desk.tableau.url());
    let call = |kind: &str, name: &str| {
        format!("CALL API__TABLEAU__REFRESH_RESOURCE('{kind}', '{name}', 'default', 'MySite');\n")
    };
    let pages = format!(
        "-- {server}/#/site/MySite/workbooks/{number} {server}/#/site/MySite/views/{}/Overview\n",
        name.replace(' ', "")
    );
    desk.write("a.sql", &(call("workbook", name) + &pages));
    desk.write("tabmap-refs.toml", &format!("[[reference]]\nluid = \"{luid}\"\n"));
    desk.write("b.sql", &call("datasource", "Never"));
}

/// Two workbooks and a data source, of which this account does not see `hidden` any more.
fn desk_that_lost(hidden: &[&str]) -> (Desk, String) {
    let desk = Desk::empty();
    let luids: BTreeMap<_, _> =
        ["Sales", "Costs"].map(|name| (name, desk.publish(Kind::Workbook, &["default"], name))).into();
    let orders = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.done(&["init"]);
    desk.sync();
    refer_to_everything(&desk, &luids["Sales"]);
    for name in hidden {
        let (kind, luid) = luids.get(name).map_or((Kind::Datasource, &orders), |luid| (Kind::Workbook, luid));
        desk.tableau.show("MySite", kind, luid, Visibility::Hidden);
    }
    (desk, luids["Sales"].clone())
}

#[test]
fn live_check_by_an_account_that_lost_its_access_calls_no_reference_wrong() {
    for hidden in [&["Sales"][..], &["Sales", "Costs"]] {
        let (desk, _) = desk_that_lost(hidden);
        let arguments = ["--live", "a.sql", "tabmap-refs.toml"];
        assert_eq!(codes(&desk, &arguments, 0), ["map incomplete-listing"], "{hidden:?}");
        let text = desk.run(&["check", "--live", "a.sql"]).stdout;
        let count = if hidden.len() == 1 { "1 workbook " } else { "2 workbooks " };
        assert!(
            text.contains(&format!("does not see {count}")) && text.contains("lost its permissions"),
            "{text}"
        );
        let found = codes(&desk, &["--live", "b.sql"], 3);
        assert_eq!(found, ["map incomplete-listing", "b.sql unknown-resource"]);
    }
}

#[test]
fn live_check_by_an_account_that_sees_nothing_has_nothing_to_check_by() {
    let (desk, _) = desk_that_lost(&["Sales", "Costs", "Orders"]);
    for source in ["metadata", "rest"] {
        let answer = desk.run(&["check", "--live", "--source", source, "a.sql"]);
        answer.refused(1, &["sees nothing on site `MySite`", "lost its permissions"]);
    }
}

#[test]
fn check_beside_the_map_of_a_kind_that_is_not_seen_any_more_goes_by_the_map() {
    for source in ["metadata", "rest"] {
        let (desk, luid) = desk_that_lost(&["Sales", "Costs"]);
        let arguments = ["--source", source, "a.sql", "tabmap-refs.toml"];
        assert_eq!(codes(&desk, &arguments, 0), ["map incomplete-listing"], "{source}");
        desk.tableau.delete("MySite", Kind::Workbook, &luid);
        let found = codes(&desk, &arguments, 3);
        // Another of its name may have come that is not seen.
        let wrong =
            ["map stale-luid", "map incomplete-listing", "a.sql stale-url", "tabmap-refs.toml stale-luid"];
        assert_eq!(found, wrong, "{source}");
    }
}

/// From now on Tableau refuses to list workbooks, and says of its index that it is not complete.
fn list_no_workbooks(desk: &Desk) {
    for endpoint in [Endpoint::Workbooks, Endpoint::Workbook] {
        let refused = Effect::RestError { code: 403_004, headers: BTreeMap::new() };
        desk.tableau.arm(Fault::on(endpoint, refused));
    }
    let backfill = Effect::GraphqlWarning { problem: GraphqlProblem::BackfillRunning };
    desk.tableau.arm(Fault::on(Endpoint::Metadata, backfill));
}

#[test]
fn map_of_another_server_is_not_compared() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.done(&["init"]);
    desk.sync();
    desk.map().execute("UPDATE API__TABLEAU__SYNC_RUNS SET SERVER_URL = 'elsewhere'", []).expect("spoil");
    desk.run(&["check"]).refused(1, &["belongs to the Tableau server elsewhere"]);
}
