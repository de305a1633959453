//! The ways to ask Tableau what is on a site: each fills the same map. `docs/reliability.md` lists these tests.

use std::iter;

use serde_json::Value;
use tableau_simulator::{
    Content, Effect, Endpoint, Fault, GraphqlProblem, IndexMode, Kind, Options, Simulator,
};
use test_support::desk::Desk;
use test_support::workgroup::{Version, Workgroup};

use crate::faults::{changed_desk, ends_complete, ends_incomplete, refused};

const SOURCES: [&str; 2] = ["metadata", "rest"];

/// The same desk for each source, which goes by the environment from here on.
pub fn by_each_source(desk: impl Fn() -> Desk) -> impl Iterator<Item = Desk> {
    SOURCES.into_iter().map(move |source| by_source(source, desk()))
}

/// A desk that has REST alone to go by.
pub fn by_rest_alone(desk: Desk) -> Desk {
    desk.tableau.arm(Fault::on(
        Endpoint::Metadata,
        Effect::GraphqlErrors { problem: GraphqlProblem::FeatureDisabled },
    ));
    by_source("rest", desk)
}

fn by_source(source: &str, mut desk: Desk) -> Desk {
    desk.set("TABMAP_SOURCE", source);
    desk
}

/// Every column of a table but the run and the moments, which no two runs share.
fn dump(desk: &Desk, table: &str) -> Vec<String> {
    let columns = desk.query(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
    let columns: Vec<_> =
        columns.into_iter().filter(|name| name != "RUN_ID" && !name.ends_with("_AT")).collect();
    assert!(columns.len() > 8, "{columns:?}");
    let columns = columns.join(", ");
    desk.query(&format!("SELECT {columns} FROM {table} ORDER BY {columns}"))
}

fn dumps(desk: &Desk) -> [Vec<String>; 2] {
    ["API__TABLEAU__RESOURCES", "API__TABLEAU__RESOURCE_CHANGES"].map(|table| dump(desk, table))
}

/// Nested projects of one name, names that break naive code, Personal Space, entries without LUID, and what stays in the
/// Metadata API after it went to the recycle bin.
fn content() -> Content {
    let mut content = Content::generate(&tableau_simulator::Generate {
        workbooks: 60,
        datasources: 40,
        personal_space: 3,
        empty_luids: 2,
        ..Default::default()
    });
    let binned = r#"{"sites": [{"phantoms": [
        {"kind": "workbook", "name": "Binned", "project": ["Finance", "EMEA"], "luid": "9dbd2263-16b5-46e1-9c43-a76bb8ab65fb"},
        {"kind": "datasource", "name": "Binned", "project": ["default"], "luid": "0dbd2263-16b5-46e1-9c43-a76bb8ab65fc"}
    ]}]}"#;
    let binned = Content::from_json(binned).expect("valid content").sites.remove(0).phantoms;
    content.sites[0].phantoms.extend(binned);
    content
}

/// Changes of every kind; the Metadata API has not noticed any of them.
fn change_behind_the_index(desk: &Desk) {
    desk.tableau.set_index(IndexMode::Frozen);
    for kind in [Kind::Workbook, Kind::Datasource] {
        let mut items = desk.tableau.resources("MySite");
        items.retain(|item| item.kind == kind && item.project_luid.is_some());
        let mut next = || items.pop().expect("a resource").luid;
        desk.tableau.republish("MySite", kind, &next());
        desk.tableau.rename("MySite", kind, &next(), "Renamed \"to\" $$ this");
        desk.tableau.move_to("MySite", kind, &next(), &["Marketing", "EMEA"]);
        desk.tableau.move_to("MySite", kind, &next(), &[]);
        desk.tableau.delete("MySite", kind, &next());
        desk.publish(kind, &["Finance", "EMEA"], "Brand new");
    }
    desk.tableau.rename_project("MySite", &["Finance"], "Treasury");
}

/// A desk for each source, and for each version of the repository's tables.
fn desks_of_all_sources() -> impl Iterator<Item = (Desk, Option<Workgroup>)> {
    let of_repository = [Version::Old, Version::Between, Version::New].into_iter().map(|version| {
        let (mut desk, workgroup) = (Desk::with(content()), Workgroup::new(version));
        workgroup.enter_alone(&mut desk);
        (desk, Some(workgroup))
    });
    by_each_source(|| Desk::with(content())).map(|desk| (desk, None)).chain(of_repository)
}

#[test]
fn each_source_and_a_recording_of_each_give_the_same_map_byte_for_byte() {
    let mut desks = Vec::new();
    for (desk, workgroup) in desks_of_all_sources() {
        let sync = |recording: &str| {
            if let Some(workgroup) = &workgroup {
                workgroup.fill(&desk.tableau);
            }
            desk.done(&["sync", "--record", recording]);
            assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
        };
        desk.done(&["init"]);
        sync("first.json");
        change_behind_the_index(&desk);
        sync("second.json");
        assert_eq!(desk.tableau.requests().is_empty(), workgroup.is_some());
        desks.push(desk);
    }
    let [by_metadata, others @ ..] = &desks[..] else { panic!("several sources") };
    let [resources, changes] = dumps(by_metadata);
    assert!(resources.len() > 90 && changes.len() > resources.len(), "{changes:#?}");
    for other in others {
        assert_eq!(dumps(other), [resources.clone(), changes.clone()]);
    }
    for desk in &mut desks {
        let filled = dumps(desk);
        let all = "SELECT * FROM API__TABLEAU__RESOURCES ORDER BY RESOURCE_ID";
        let with_moments = desk.query(all);
        std::fs::remove_file(desk.path("tabmap.db")).expect("remove the map");
        desk.unset("TABLEAU_SERVER").done(&["init"]);
        desk.done(&["sync", "--from", "first.json"]);
        desk.done(&["sync", "--from", "second.json"]);
        assert_eq!(dumps(desk), filled);
        assert_eq!(desk.query(all), with_moments);
    }
}

#[test]
fn another_source_changes_nothing_in_the_map() {
    let (mut desk, workgroup) = (Desk::with(content()), Workgroup::new(Version::New));
    workgroup.enter(&mut desk);
    workgroup.fill(&desk.tableau);
    desk.done(&["init"]);
    let all = "SELECT ROWID, * FROM API__TABLEAU__RESOURCES ORDER BY ROWID";
    desk.sync();
    let before = desk.query(all);
    let sources = ["rest", "repository", "metadata", "repository", "rest"];
    for source in sources {
        let report = desk.report(&["sync", "--source", source, "--format", "json"], 0);
        assert_eq!((&report["outcome"], &report["source"]), (&"unchanged".into(), &source.into()));
    }
    assert_eq!(desk.query(all), before);
    let runs = desk.query("SELECT SOURCE FROM API__TABLEAU__SYNC_RUNS ORDER BY RUN_ID");
    assert_eq!(runs, iter::once("metadata").chain(sources).collect::<Vec<_>>());
}

#[test]
fn rest_alone_fills_a_map_and_judges_it_where_the_metadata_api_is_off() {
    let desk = by_rest_alone(changed_desk());
    desk.tableau.clear_requests();
    let report = ends_complete(&desk);
    assert_eq!(
        (&report["lagging"], &report["ghosts"], &report["warnings"]),
        (&0.into(), &0.into(), &Value::Array(vec![]))
    );
    assert!(desk.done(&["sync"]).contains("\n  source: rest\n"));
    desk.done(&["backfill"]);
    desk.done(&["check"]);
    desk.done(&["check", "--live"]);
    let asked = desk.tableau.requests();
    assert!(!asked.iter().any(|request| request.endpoint == Endpoint::Metadata), "{asked:#?}");
    desk.run(&["sync", "--source", "metadata"]).refused(1, &["FEATURE_DISABLED", "--source rest"]);
}

#[test]
fn source_is_taken_from_the_flag_then_the_environment_then_the_file() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let source = |desk: &Desk, arguments: &[&str]| {
        let command = [&["sync", "--format", "json"], arguments].concat();
        desk.report(&command, 0)["source"].as_str().expect("a source").to_owned()
    };
    assert_eq!(source(&desk, &[]), "metadata");
    desk.write("tabmap.toml", "[tableau]\nsource = \"rest\"\n");
    assert_eq!(source(&desk, &[]), "rest");
    desk.set("TABMAP_SOURCE", "metadata");
    assert_eq!(source(&desk, &[]), "metadata");
    assert_eq!(source(&desk, &["--source", "rest"]), "rest");
    desk.set("TABMAP_SOURCE", "soap");
    desk.run(&["sync"]).refused(2, &["TABMAP_SOURCE", "`soap`", "`rest`"]);
    desk.unset("TABMAP_SOURCE").write("tabmap.toml", "[tableau]\nsource = \"soap\"\n");
    desk.run(&["sync"]).refused(2, &["`source` under `[tableau]`", "`soap`"]);
    assert_eq!(desk.run(&["sync", "--source", "rest", "--from", "monday.json"]).exit, 2);
    assert_eq!(desk.run(&["check", "--source", "rest", "--offline"]).exit, 2);
}

#[test]
fn rest_alone_that_cannot_list_a_kind_removes_of_it_only_what_answers_404() {
    let malformed = Effect::Rewrite { from: "\"pagination\"".to_owned(), to: "\"pages\"".to_owned() };
    for effect in [refused(403_004), refused(500_000), malformed] {
        let desk = by_rest_alone(changed_desk());
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, effect.clone()));
        let report = ends_incomplete(&desk);
        assert_eq!(report["incomplete"], serde_json::json!(["workbook"]));
        assert_eq!((&report["counts"]["removed"], &report["counts"]["added"]), (&1.into(), &1.into()));
        desk.tableau.arm(Fault::on(Endpoint::Datasources, effect));
        let before = desk.mapped("MySite");
        desk.run(&["sync"]).exit_is(1);
        assert_eq!(desk.mapped("MySite"), before, "of neither kind is anything known");
    }
}

#[test]
fn rest_alone_that_lists_and_looks_up_nothing_of_a_kind_leaves_all_its_rows() {
    for workbooks in [30, 150] {
        let desk = by_rest_alone(Desk::generated(1, workbooks, 5));
        desk.done(&["init"]);
        desk.sync();
        let gone = desk.tableau.resources("MySite").remove(0).luid;
        desk.tableau.delete("MySite", Kind::Workbook, &gone);
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, refused(403_004)));
        desk.tableau.arm(Fault::on(Endpoint::Workbook, refused(500_000)));
        let before = desk.mapped("MySite");
        let report = ends_incomplete(&desk);
        assert_eq!(desk.mapped("MySite"), before);
        assert!(report["warnings"].to_string().contains("stay as they are"), "{report:#}");
    }
}

#[test]
fn rest_alone_reads_a_server_that_does_not_know_the_project_luid_yet() {
    let options = Options { content: content(), old_server: true, ..Options::default() };
    let desk = by_rest_alone(Desk::at(Simulator::start(options).expect("start the simulator")));
    desk.done(&["init"]);
    ends_complete(&desk);
}

#[test]
fn rest_alone_without_projects_keeps_the_paths_that_the_map_knows() {
    let desk = by_rest_alone(changed_desk());
    desk.tableau.arm(Fault::on(Endpoint::Projects, refused(403_004)));
    let report = desk.report(&["sync", "--format", "json"], 0);
    assert_eq!((&report["counts"]["removed"], &report["counts"]["moved"]), (&1.into(), &0.into()));
    assert!(report["warnings"].to_string().contains("403004"), "{report:#}");
    desk.tableau.clear_faults();
    ends_complete(&desk);
}

#[test]
fn projects_that_are_not_listed_to_the_end_are_said_and_known_paths_stay() {
    for desk in by_each_source(|| Desk::generated(1, 40, 20)) {
        desk.done(&["init"]);
        desk.sync();
        let before = desk.mapped("MySite");
        for effect in [Effect::Truncate { keep: 2 }, Effect::TotalCount { total: 99 }] {
            desk.tableau.clear_faults();
            desk.tableau.arm(Fault::on(Endpoint::Projects, effect));
            let report = desk.sync();
            assert!(report["warnings"].to_string().contains("the REST listing of projects"), "{report:#}");
            assert_eq!(desk.mapped("MySite"), before);
        }
    }
}
