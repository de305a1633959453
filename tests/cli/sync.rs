//! What `sync` and `backfill` do with what changed on a site.

use serde_json::Value;
use tableau_simulator::{Content, IndexMode, Kind, Options, Simulator};
use test_support::desk::Desk;

fn counts(report: &Value) -> [u64; 5] {
    ["added", "replaced", "moved", "removed", "corrected"]
        .map(|name| report["counts"][name].as_u64().expect(name))
}

#[test]
fn first_sync_maps_every_resource_of_every_site_byte_for_byte() {
    let desk = Desk::generated(2, 400, 200);
    desk.done(&["init"]);
    let report = desk.sync();
    assert_eq!(counts(&report), [600, 0, 0, 0, 0]);
    for site in desk.tableau.sites() {
        assert_eq!(desk.mapped(&site), desk.present(&site));
    }
    assert_eq!(desk.query("SELECT COUNT(*) FROM API__TABLEAU__RESOURCES"), ["1200"]);
}

#[test]
fn sync_of_an_unchanged_site_writes_its_run_row_and_no_row_of_the_map() {
    let desk = Desk::generated(1, 40, 20);
    desk.done(&["init"]);
    desk.sync();
    let before = desk.query("SELECT ROWID, * FROM API__TABLEAU__RESOURCES ORDER BY ROWID");
    let report = desk.sync();
    assert_eq!(report["outcome"], "unchanged");
    assert_eq!(report["rows_written"], 0);
    assert_eq!(desk.query("SELECT ROWID, * FROM API__TABLEAU__RESOURCES ORDER BY ROWID"), before);
    let runs = desk
        .query("SELECT STATUS, WORKBOOKS, DATASOURCES, ADDED FROM API__TABLEAU__SYNC_RUNS ORDER BY RUN_ID");
    assert_eq!(runs, ["complete|40|20|60", "complete|40|20|0"]);
}

#[test]
fn republished_workbook_is_replaced_and_its_old_luid_leaves_the_map() {
    let desk = Desk::empty();
    let old = desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.done(&["init"]);
    desk.sync();
    let new = desk.tableau.republish("MySite", Kind::Workbook, &old);
    let report = desk.sync();
    assert_eq!(counts(&report), [0, 1, 0, 0, 0]);
    assert_eq!(report["changes"][0]["before"]["luid"], old);
    assert_eq!(report["changes"][0]["after"]["luid"], new);
    assert_eq!(desk.query("SELECT RESOURCE_ID FROM API__TABLEAU__RESOURCES"), [new]);
}

#[test]
fn renamed_and_moved_resources_keep_their_luid() {
    let desk = Desk::empty();
    let workbook = desk.publish(Kind::Workbook, &["default"], "Sales");
    let datasource = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.project(&["Finance", "EMEA"]);
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.rename("MySite", Kind::Workbook, &workbook, "Sales 2027");
    desk.tableau.move_to("MySite", Kind::Datasource, &datasource, &["Finance", "EMEA"]);
    assert_eq!(counts(&desk.sync()), [0, 0, 2, 0, 0]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let kept = desk.query("SELECT RESOURCE_ID FROM API__TABLEAU__RESOURCES ORDER BY RESOURCE_TYPE");
    assert_eq!(kept, [datasource, workbook]);
}

#[test]
fn renaming_a_project_moves_what_is_in_it_and_below_it() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Finance"], "Sales");
    desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.publish(Kind::Workbook, &["Marketing"], "Sales");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.rename_project("MySite", &["Finance"], "Treasury");
    assert_eq!(counts(&desk.sync()), [0, 0, 2, 0, 0]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn deleted_resource_leaves_the_map() {
    let desk = Desk::generated(1, 5, 5);
    desk.done(&["init"]);
    desk.sync();
    let victim = desk.tableau.resources("MySite").remove(0);
    desk.tableau.delete("MySite", victim.kind, &victim.luid);
    assert_eq!(counts(&desk.sync()), [0, 0, 0, 1, 0]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn same_named_projects_under_different_parents_stay_apart_and_are_reported_as_ambiguous() {
    let desk = Desk::empty();
    let one = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    let other = desk.publish(Kind::Workbook, &["Marketing", "EMEA"], "Sales");
    desk.done(&["init"]);
    let report = desk.sync();
    let candidates: Vec<_> =
        report["ambiguous"][0].as_array().expect("candidates").iter().map(|one| &one["luid"]).collect();
    assert_eq!(candidates, [&one, &other]);
    assert_eq!(desk.query("SELECT AMBIGUOUS FROM API__TABLEAU__SYNC_RUNS"), ["1"]);
    assert!(desk.done(&["sync"]).contains("`Finance/EMEA::Sales` and `Marketing/EMEA::Sales`"));

    let newer = desk.tableau.republish("MySite", Kind::Workbook, &one);
    let report = desk.sync();
    assert_eq!(counts(&report), [0, 1, 0, 0, 0], "the other one is not guessed to be the replaced one");
    assert_eq!(report["changes"][0]["after"]["luid"], newer);
}

#[test]
fn ghost_is_left_out_and_lagging_resource_is_taken_in_and_both_are_counted() {
    let desk = Desk::empty();
    let gone = desk.publish(Kind::Workbook, &["default"], "Gone");
    let renamed = desk.publish(Kind::Workbook, &["default"], "Before");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.set_index(IndexMode::Frozen);
    desk.tableau.delete("MySite", Kind::Workbook, &gone);
    desk.tableau.rename("MySite", Kind::Workbook, &renamed, "After");
    desk.publish(Kind::Datasource, &["default"], "New");

    let report = desk.sync();
    assert_eq!(counts(&report), [1, 0, 1, 1, 0]);
    assert_eq!((&report["lagging"], &report["ghosts"]), (&2.into(), &1.into()));
    assert_eq!(report["complete"], true);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"), "the number in the URL comes from REST then");
    let run = desk
        .query("SELECT LAGGING, GHOSTS, STATUS FROM API__TABLEAU__SYNC_RUNS ORDER BY RUN_ID DESC LIMIT 1");
    assert_eq!(run, ["2|1|complete"]);
    let text = desk.done(&["sync"]);
    assert!(text.contains("2 taken from REST") && text.contains("1 left out"), "{text}");

    desk.tableau.settle_index("MySite");
    assert_eq!(desk.sync()["outcome"], "unchanged");
}

#[test]
fn personal_space_and_empty_luids_are_skipped_and_counted() {
    let content = r#"{"sites": [{
        "content_url": "MySite",
        "workbooks": [{"name": "Draft"}, {"name": "Sales", "project": ["default"]}],
        "phantoms": [{"kind": "workbook", "name": "Broken", "project": ["default"], "luid": ""}]
    }]}"#;
    let desk = Desk::with(Content::from_json(content).expect("valid content"));
    desk.done(&["init"]);
    let report = desk.sync();
    assert_eq!(counts(&report), [1, 0, 0, 0, 0]);
    assert_eq!(report["skipped"], 2);
    assert_eq!(desk.query("SELECT RESOURCE_NAME FROM API__TABLEAU__RESOURCES"), ["Sales"]);
}

#[test]
fn a_server_that_does_not_know_the_project_luid_yet_is_read_all_the_same() {
    let content = Content::from_json(
        r#"{"sites": [{"content_url": "MySite", "workbooks": [{"name": "Sales", "project": ["Finance", "EMEA"]}]}]}"#,
    );
    let options =
        Options { content: content.expect("valid content"), old_server: true, ..Options::default() };
    let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
    desk.done(&["init"]);
    desk.sync();
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn tableau_cloud_and_the_default_site_are_synced_like_any_other() {
    let content =
        r#"{"sites": [{"content_url": "", "workbooks": [{"name": "Sales", "project": ["default"]}]}]}"#;
    let desk = Desk::with(Content::from_json(content).expect("valid content"));
    desk.done(&["init"]);
    desk.sync();
    assert_eq!(desk.query("SELECT SITE_ID, RESOURCE_NAME FROM API__TABLEAU__RESOURCES"), ["|Sales"]);

    let content = Content::from_json(
        r#"{"sites": [{"content_url": "acme", "workbooks": [{"name": "Sales", "project": ["default"]}]}]}"#,
    );
    let options = Options { content: content.expect("valid content"), cloud: true, ..Options::default() };
    let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
    desk.done(&["init"]);
    desk.sync();
    assert_eq!(desk.query("SELECT SITE_ID FROM API__TABLEAU__RESOURCES"), ["acme"]);
}

#[test]
fn a_site_is_stored_as_tableau_spells_it_however_it_was_typed() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.set("TABLEAU_SITE", "mysite");
    desk.sync();
    desk.set("TABLEAU_SITE", format!("{}/#/site/MySite/home", desk.tableau.url()));
    assert_eq!(desk.sync()["outcome"], "unchanged");
    assert_eq!(desk.query("SELECT DISTINCT SITE_ID FROM API__TABLEAU__RESOURCES"), ["MySite"]);
}

#[test]
fn sites_are_synced_one_after_the_other_and_every_session_is_ended() {
    let desk = Desk::generated(3, 5, 5);
    desk.done(&["init"]);
    desk.sync();
    assert_eq!(desk.tableau.live_sessions(), 0);
    let steps: Vec<_> = desk
        .tableau
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/signin") || request.path.ends_with("/signout"))
        .map(|request| request.path.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(steps, ["signin", "signout"].repeat(3));
}

#[test]
fn a_site_that_fails_does_not_keep_the_others_from_their_turn() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.set("TABLEAU_SITE", "nowhere,MySite");
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["`nowhere`", "401001"]);
    assert!(answer.stdout.contains("nowhere: failed, nothing was written"), "{}", answer.stdout);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn dry_run_shows_the_changes_and_writes_nothing() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let report = desk.report(&["sync", "--dry-run", "--format", "json"], 0);
    assert_eq!((&report["outcome"], counts(&report)), (&"planned".into(), [3, 0, 0, 0, 0]));
    assert_eq!(desk.run(&["sync", "--dry-run", "--exit-code"]).exit, 3);
    assert_eq!(desk.query("SELECT (SELECT COUNT(*) FROM API__TABLEAU__RESOURCES), (SELECT COUNT(*) FROM API__TABLEAU__SYNC_RUNS)"), ["0|0"]);
    desk.sync();
    assert_eq!(desk.run(&["sync", "--dry-run", "--exit-code"]).exit, 0);
}

#[test]
fn too_many_removals_are_refused_until_they_are_allowed() {
    let desk = Desk::generated(1, 40, 0);
    desk.done(&["init"]);
    desk.sync();
    for item in desk.tableau.resources("MySite").iter().take(11) {
        desk.tableau.delete("MySite", item.kind, &item.luid);
    }
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["11 of 40", "lost its permissions", "--max-removed 11"]);
    assert_eq!(desk.mapped("MySite").len(), 40);
    desk.done(&["sync", "--max-removed", "30%"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn recording_replays_the_snapshot_without_tableau_and_never_over_a_newer_one() {
    let mut desk = Desk::generated(2, 5, 5);
    desk.done(&["init"]);
    desk.done(&["sync", "--record", "monday.json"]);
    let monday = desk.mapped("MySite");
    let item = desk.tableau.resources("MySite").remove(0);
    desk.tableau.delete("MySite", item.kind, &item.luid);
    desk.done(&["sync"]);

    let answer = desk.run(&["sync", "--from", "monday.json", "--site", "MySite"]);
    answer.refused(1, &["already holds one of"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));

    desk.unset("TABLEAU_SERVER").unset("TABLEAU_SITE").unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABMAP_STORE", "sqlite:other.db");
    desk.done(&["init"]);
    desk.done(&["sync", "--from", "monday.json"]);
    let listed = desk.done(&["list", "--format", "json", "--site", "MySite"]);
    let listed: Value = serde_json::from_str(&listed).expect("a JSON document");
    assert_eq!(listed["resources"].as_array().expect("resources").len(), monday.len());
}

#[test]
fn backfill_creates_the_tables_and_writes_every_row_anew() {
    let desk = Desk::generated(1, 20, 10);
    let report = desk.report(&["backfill", "--format", "json"], 0);
    assert_eq!(report["rows_written"], 30);
    desk.map()
        .execute("UPDATE API__TABLEAU__RESOURCES SET VIZPORTAL_URL_ID = '1', PROJECT_ID = 'wrong'", [])
        .expect("spoil");
    let report = desk.report(&["backfill", "--format", "json"], 0);
    assert_eq!(report["rows_written"], 30);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let wrong = desk.query("SELECT COUNT(*) FROM API__TABLEAU__RESOURCES WHERE PROJECT_ID = 'wrong'");
    assert_eq!(wrong, ["0"]);
}

#[test]
fn large_sites_are_read_in_pages_of_a_thousand() {
    let desk = Desk::generated(1, 2500, 1200);
    desk.done(&["init"]);
    desk.sync();
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let to = |end: &str| desk.tableau.requests().iter().filter(|request| request.path.ends_with(end)).count();
    assert_eq!((to("/graphql"), to("/workbooks"), to("/datasources")), (3 + 2, 3, 2));
}

#[test]
fn failed_site_leaves_an_older_recording_as_it_was() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.done(&["sync", "--record", "monday.json"]);
    let monday = std::fs::read_to_string(desk.path("monday.json")).expect("a recording");
    desk.set("TABLEAU_SITE", "MySite,Nowhere");
    assert_eq!(desk.run(&["sync", "--record", "monday.json"]).exit, 1);
    assert_eq!(std::fs::read_to_string(desk.path("monday.json")).expect("a recording"), monday);
}

#[test]
fn recording_that_cannot_be_written_does_not_hide_what_the_sync_did() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    for place in ["missing/monday.json", ".", "/"] {
        desk.run(&["sync", "--record", place]).refused(2, &["no recording can be written", place]);
    }
    assert!(desk.tableau.requests().is_empty(), "that was clear beforehand");
    // Longer than any name may be.
    let name = "m".repeat(256);
    let answer = desk.run(&["sync", "--record", &name]);
    assert_eq!(answer.exit, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains(&name), "{}", answer.stderr);
    assert!(answer.stdout.contains("3 added"), "{}", answer.stdout);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn recording_touches_no_other_file_and_is_made_even_when_nobody_reads_the_report() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.write("monday.json.new", "mine");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux's full device");
    let sync =
        desk.command(&["sync", "--record", "monday.json"]).stdout(full).output().expect("start tabmap");
    assert_eq!(sync.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(desk.path("monday.json.new")).expect("my file"), "mine");
    let files: Vec<_> = std::fs::read_dir(desk.folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .filter(|name| name.starts_with("monday"))
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn recording_from_the_future_is_refused() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.done(&["sync", "--record", "monday.json"]);
    let recording = std::fs::read_to_string(desk.path("monday.json")).expect("a recording");
    let mut recording: Value = serde_json::from_str(&recording).expect("JSON");
    recording["sites"][0]["taken_at"] = "9999-12-30T22:00:00.999999Z".into();
    desk.write("future.json", &recording.to_string());
    desk.run(&["sync", "--from", "future.json"]).refused(1, &["in the future"]);
    desk.done(&["sync"]);
}

#[test]
fn names_cannot_steer_the_terminal() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["A", "X\u{1b}[2J"], "two\nlines\u{1b}[31m");
    desk.publish(Kind::Workbook, &["B", "X\u{1b}[2J"], "two\nlines\u{1b}[31m");
    desk.done(&["init"]);
    let report = desk.done(&["sync"]);
    assert!(report.contains("ambiguous: workbook") && !report.contains('\u{1b}'), "{report:?}");
}

#[test]
fn ten_removals_are_always_allowed_and_the_configured_limit_counts() {
    let remove = |desk: &Desk, count: usize| {
        for item in desk.tableau.resources("MySite").iter().take(count) {
            desk.tableau.delete("MySite", item.kind, &item.luid);
        }
    };
    let desk = Desk::generated(1, 12, 0);
    desk.done(&["init"]);
    desk.sync();
    remove(&desk, 10);
    assert_eq!(counts(&desk.sync())[3], 10);

    let desk = Desk::generated(1, 100, 0);
    desk.done(&["init"]);
    desk.sync();
    remove(&desk, 20);
    assert_eq!(counts(&desk.sync())[3], 20, "20 % are allowed");
    remove(&desk, 5);
    desk.write("tabmap.toml", "[limits]\nmax_removed = \"4\"\n");
    desk.run(&["sync"]).refused(1, &["5 of 80", "the limit is 4"]);
    desk.write("tabmap.toml", "[limits]\nmax_removed = \"6%\"\n");
    desk.run(&["sync"]).refused(1, &["the limit is 6%"]);
    desk.write("tabmap.toml", "[limits]\nmax_removed = \"7%\"\n");
    assert_eq!(counts(&desk.sync())[3], 5);
}
