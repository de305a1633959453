//! REST as the witness beside the Metadata API: what it proves, and what becomes of the map without it.
//! `docs/reliability.md` lists these tests.

use serde_json::json;
use tableau_simulator::{Change, Effect, Endpoint, Fault, GraphqlProblem, IndexMode, Kind, Visibility};
use test_support::desk::Desk;

use crate::faults::{changed_desk, code, ends_complete, ends_incomplete, refused, warning};
use crate::sources::by_each_source;

/// The same, and REST refuses to list: the Metadata API is alone.
pub fn desk_without_witness() -> Desk {
    let desk = changed_desk();
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, refused(403_004)));
    desk
}

#[test]
fn with_its_witness_a_sync_is_complete_whatever_the_metadata_api_warns_of() {
    for problem in [
        GraphqlProblem::BackfillRunning,
        GraphqlProblem::PermissionsModeSwitched,
        code("USER_VISIBILITY_IS_LIMITED"),
        code("MAX_PAGE_SIZE_EXCEEDED"),
        code("A_CODE_OF_THE_FUTURE"),
    ] {
        let desk = changed_desk();
        desk.tableau.arm(warning(problem));
        let report = ends_complete(&desk);
        assert_eq!((&report["counts"]["removed"], &report["counts"]["added"]), (&1.into(), &1.into()));
    }
}

#[test]
fn without_witness_a_warning_that_something_may_be_missing_ends_incomplete() {
    for problem in [
        GraphqlProblem::BackfillRunning,
        GraphqlProblem::PermissionsModeSwitched,
        code("A_CODE_OF_THE_FUTURE"),
        GraphqlProblem::Custom(json!({"message": "NullValueInNonNullableField: owner"})),
    ] {
        let desk = desk_without_witness();
        desk.tableau.arm(warning(problem));
        let report = ends_incomplete(&desk);
        assert_eq!(report["counts"]["added"], 1);
    }
}

#[test]
fn without_witness_harmless_warnings_and_duplicates_across_pages_stay_complete() {
    for code_name in ["MAX_PAGE_SIZE_EXCEEDED", "INHERITANCE_INCOMPLETE", "LINKED_RESULTS_INCOMPLETE"] {
        let desk = desk_without_witness();
        desk.tableau.arm(warning(code(code_name)));
        ends_complete(&desk);
    }
    let desk = Desk::generated(1, 1500, 0);
    desk.done(&["init"]);
    desk.tableau.arm(Fault::on(Endpoint::Projects, refused(403_004)));
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::RepeatRows { rows: 10 }));
    let report = desk.report(&["sync", "--format", "json"], 0);
    assert_eq!((&report["complete"], &report["counts"]["added"]), (&true.into(), &1500.into()));
}

#[test]
fn witness_lost_half_way_leaves_the_metadata_api_to_decide_and_keeps_the_paths() {
    for endpoint in [Endpoint::Workbooks, Endpoint::Datasources, Endpoint::Projects] {
        let desk = changed_desk();
        desk.tableau.arm(Fault::on(endpoint, refused(403_004)));
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!((&report["counts"]["removed"], &report["counts"]["added"]), (&1.into(), &1.into()));
        assert_eq!(report["counts"]["moved"], 0, "a path that is not known now is no other path");
        assert!(report["warnings"][0].as_str().expect("a warning").contains("403004"), "{report:#}");
        desk.tableau.clear_faults();
        let report = ends_complete(&desk);
        assert_eq!((&report["counts"]["added"], &report["counts"]["moved"]), (&0.into(), &0.into()));
    }
}

#[test]
fn listing_that_is_cut_short_or_counts_wrongly_removes_nothing() {
    for effect in [
        Effect::Truncate { keep: 5 },
        Effect::TotalCount { total: 1000 },
        Effect::TotalCount { total: 1 },
        Effect::LoopingCursor,
    ] {
        let desk = desk_without_witness();
        desk.tableau.arm(Fault::on(Endpoint::Metadata, effect.clone()));
        ends_incomplete(&desk);

        let desk = changed_desk();
        desk.tableau.arm(Fault::on(Endpoint::Metadata, effect));
        ends_complete(&desk);
    }
}

#[test]
fn resources_whose_names_are_withheld_keep_their_rows() {
    let desk = desk_without_witness();
    for item in desk.tableau.resources("MySite").iter().take(3) {
        desk.tableau.show("MySite", item.kind, &item.luid, Visibility::Obfuscated);
    }
    desk.tableau.arm(Fault::on(Endpoint::Workbook, refused(403_004)));
    let report = ends_incomplete(&desk);
    assert_eq!(report["skipped"], 3);
    desk.tableau.clear_faults();
    ends_complete(&desk);
}

#[test]
fn listing_that_changes_while_it_is_read_is_begun_anew() {
    for desk in by_each_source(|| Desk::generated(1, 2200, 0)) {
        desk.done(&["init"]);
        desk.sync();
        let victims: Vec<_> = desk.tableau.resources("MySite").into_iter().take(3).collect();
        let changes = victims
            .iter()
            .map(|item| Change::Delete {
                site: "MySite".to_owned(),
                kind: Kind::Workbook,
                luid: item.luid.clone(),
            })
            .collect();
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Change { changes }).page(1).once());
        let report = ends_complete(&desk);
        assert_eq!(report["counts"]["removed"], 3, "and not those that slipped through between two pages");
    }
}

/// A mapped site on which, while REST is asked, one workbook leaves the first page and one joins the last: the number
/// stays, and one moves from page two to page one unseen.
fn desk_where_one_slips_through() -> Desk {
    let desk = Desk::generated(1, 2200, 0);
    desk.done(&["init"]);
    desk.sync();
    let gone = desk.tableau.resources("MySite").remove(0);
    let delete = Change::Delete { site: "MySite".to_owned(), kind: Kind::Workbook, luid: gone.luid };
    let publish = Change::Publish {
        site: "MySite".to_owned(),
        kind: Kind::Workbook,
        project: vec!["default".to_owned()],
        name: "Newcomer".to_owned(),
    };
    let changes = vec![delete, publish];
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Change { changes }).page(1).once());
    desk
}

#[test]
fn resource_that_slips_through_between_two_pages_is_looked_up_and_kept() {
    for desk in by_each_source(desk_where_one_slips_through) {
        ends_complete_but_for_what_is_gone(&desk);
    }
}

/// What was deleted while the listing was read may stay until the next sync; nothing that exists is missing.
#[track_caller]
fn ends_complete_but_for_what_is_gone(desk: &Desk) {
    desk.report(&["sync", "--format", "json"], 0);
    let mapped = desk.mapped("MySite");
    let missing: Vec<_> = desk.present("MySite").into_iter().filter(|row| !mapped.contains(row)).collect();
    assert_eq!(missing, Vec::<[String; 5]>::new());
    ends_complete(desk);
}

#[test]
fn rest_listing_that_never_stands_still_removes_nothing() {
    for desk in by_each_source(changed_desk) {
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::TotalCount { total: 31 }));
        ends_incomplete(&desk);
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Truncate { keep: 3 }));
        ends_incomplete(&desk);
    }
}

#[test]
fn two_thousand_of_sixty_five_hundred_nodes_during_a_backfill_remove_nothing_wrongly() {
    let desk = Desk::generated(1, 5000, 1500);
    desk.done(&["init"]);
    desk.sync();
    let gone = desk.tableau.resources("MySite").remove(0);
    desk.tableau.delete("MySite", gone.kind, &gone.luid);
    desk.tableau.arm(warning(GraphqlProblem::BackfillRunning));
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::Truncate { keep: 1000 }));

    let report = ends_complete(&desk);
    assert_eq!(report["counts"]["removed"], 1, "with the witness even what is gone goes");

    let gone = desk.tableau.resources("MySite").remove(0);
    desk.tableau.delete("MySite", gone.kind, &gone.luid);
    for listing in [Endpoint::Workbooks, Endpoint::Datasources] {
        desk.tableau.arm(Fault::on(listing, refused(403_004)));
    }
    let report = ends_incomplete(&desk);
    assert_eq!((&report["workbooks"], &report["datasources"]), (&1000.into(), &1000.into()));
    assert_eq!(desk.mapped("MySite").len(), 6499);
}

#[test]
fn without_witness_a_ghost_never_takes_the_place_of_what_was_published_again() {
    for listing in [Endpoint::Workbooks, Endpoint::Projects] {
        let desk = changed_desk();
        desk.tableau.set_index(IndexMode::Frozen);
        let old = desk.tableau.resources("MySite").into_iter().find(|item| item.kind == Kind::Workbook);
        let new = desk.tableau.republish("MySite", Kind::Workbook, &old.expect("a workbook").luid);
        ends_complete(&desk);
        desk.tableau.arm(Fault::on(listing, refused(403_004)));
        desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(desk.mapped("MySite"), desk.present("MySite"), "{listing:?}: {new}");
    }
}

#[test]
fn incomplete_run_removes_what_rest_says_is_gone_and_nothing_else() {
    let desk = desk_without_witness();
    desk.tableau.arm(warning(GraphqlProblem::BackfillRunning));
    let report = ends_incomplete(&desk);
    assert_eq!(report["counts"]["removed"], 1, "its LUID was answered with 404");

    let desk = desk_without_witness();
    desk.tableau.arm(warning(GraphqlProblem::BackfillRunning));
    desk.tableau.arm(Fault::on(Endpoint::Workbook, refused(403_004)));
    let report = ends_incomplete(&desk);
    assert_eq!(report["counts"]["removed"], 0, "REST was not to be asked");
}

#[test]
fn session_or_rate_limit_that_the_witness_meets_ends_the_run_with_its_remedy() {
    for desk in by_each_source(changed_desk) {
        let before = desk.mapped("MySite");
        desk.tableau.arm(Fault::on(Endpoint::Datasources, Effect::KillSession));
        desk.run(&["sync"]).refused(1, &["401002", "another process uses the same personal access token"]);
        desk.tableau.clear_faults();
        let headers = [("Retry-After".to_owned(), "1800".to_owned())].into();
        desk.tableau.arm(Fault::on(Endpoint::Projects, Effect::RestError { code: 429_000, headers }));
        desk.run(&["sync"]).refused(1, &["limits the rate", "1800 s"]);
        assert_eq!(desk.mapped("MySite"), before);
    }
}

#[test]
fn resource_that_slips_through_during_a_backfill_is_kept_too() {
    let desk = desk_where_one_slips_through();
    desk.tableau.arm(warning(GraphqlProblem::BackfillRunning));
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::Truncate { keep: 100 }));
    ends_complete_but_for_what_is_gone(&desk);
}

#[test]
fn one_kind_may_be_complete_and_the_other_not() {
    for desk in by_each_source(changed_desk) {
        let gone = desk.tableau.resources("MySite").into_iter().find(|item| item.kind == Kind::Datasource);
        desk.tableau.delete("MySite", Kind::Datasource, &gone.expect("a data source").luid);
        desk.tableau.arm(Fault::on(Endpoint::Datasources, Effect::TotalCount { total: 99 }));
        desk.tableau.arm(Fault::on(Endpoint::Datasource, refused(403_004)));
        let report = ends_incomplete(&desk);
        assert_eq!(report["counts"]["removed"], 1, "the workbook, and not the data source");
        assert_eq!(report["incomplete"], json!(["datasource"]));
        assert!(desk.run(&["sync"]).stdout.contains("(listing of datasources incomplete)"));
    }
}

/// A mapped site that has been changed in every way, while the Metadata API still tells of the time before.
fn desk_ahead_of_its_index(workbooks: usize) -> Desk {
    let desk = Desk::generated(1, workbooks, 0);
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.set_index(IndexMode::Frozen);
    let mut workbooks = desk.tableau.resources("MySite");
    let mut next = || workbooks.pop().expect("a workbook").luid;
    desk.tableau.republish("MySite", Kind::Workbook, &next());
    desk.tableau.rename("MySite", Kind::Workbook, &next(), "Renamed");
    desk.tableau.move_to("MySite", Kind::Workbook, &next(), &["default"]);
    desk.tableau.delete("MySite", Kind::Workbook, &next());
    desk.publish(Kind::Workbook, &["default"], "Brand new");
    ends_complete(&desk);
    desk
}

#[test]
fn without_witness_a_metadata_api_that_lags_does_not_turn_a_large_map_back() {
    let desk = desk_ahead_of_its_index(150);
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, refused(403_004)));
    ends_complete(&desk);
}

#[test]
fn what_rest_cannot_confirm_stays_as_the_map_has_it() {
    for workbooks in [20, 150] {
        for answer in [refused(403_004), refused(500_000)] {
            let desk = desk_ahead_of_its_index(workbooks);
            desk.tableau.arm(Fault::on(Endpoint::Workbooks, answer.clone()));
            desk.tableau.arm(Fault::on(Endpoint::Workbook, answer));
            ends_incomplete(&desk);
            let (mapped, present) = (desk.mapped("MySite"), desk.present("MySite"));
            let lost: Vec<_> = present.iter().filter(|row| !mapped.contains(row)).collect();
            assert!(lost.is_empty(), "{workbooks}: {lost:?}");
            let turned_back = mapped.iter().filter(|row| !present.contains(row)).count();
            assert!(turned_back <= 1, "a ghost of its own name at most: {workbooks}: {turned_back}");
        }
    }
}

#[test]
fn resource_that_this_user_may_not_see_any_more_leaves_the_map_and_the_report_names_it() {
    for desk in by_each_source(|| Desk::generated(1, 20, 0)) {
        desk.done(&["init"]);
        desk.sync();
        let hidden = desk.tableau.resources("MySite").remove(0).luid;
        desk.tableau.show("MySite", Kind::Workbook, &hidden, Visibility::Hidden);
        let report = ends_complete(&desk);
        assert_eq!(report["counts"]["removed"], 1);
        assert!(report["warnings"].to_string().contains(&hidden), "{report:#}");
    }
}

#[test]
fn rows_whose_id_is_no_luid_are_never_asked_for_and_hold_nothing_up() {
    for desk in by_each_source(|| Desk::generated(1, 20, 0)) {
        desk.done(&["init"]);
        desk.sync();
        for id in ["../datasources", "n/a"] {
            let sql = "INSERT INTO API__TABLEAU__RESOURCES (RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID) \
                   VALUES ('workbook', 'MySite', 'default', 'By hand', ?1)";
            desk.map().execute(sql, [id]).expect("insert a row");
        }
        let gone = desk.tableau.resources("MySite").remove(0).luid;
        desk.tableau.delete("MySite", Kind::Workbook, &gone);
        desk.tableau.clear_requests();
        let report = ends_complete(&desk);
        assert_eq!(report["counts"]["removed"], 3);
        let asked: Vec<_> = desk.tableau.requests().into_iter().map(|request| request.path).collect();
        assert!(asked.iter().any(|path| path.ends_with(&gone)), "{asked:?}");
        assert!(!asked.iter().any(|path| path.contains("..") || path.contains("n/a")), "{asked:?}");
    }
}

#[test]
fn incomplete_listing_does_not_lose_what_was_published_again() {
    let desk = Desk::generated(1, 40, 0);
    let old = desk.publish(Kind::Workbook, &["Finance"], "Weekly Sales");
    desk.done(&["init"]);
    desk.sync();
    let new = desk.tableau.republish("MySite", Kind::Workbook, &old);
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Truncate { keep: 30 }));
    let report = ends_incomplete(&desk);
    assert_eq!(
        (&report["counts"]["replaced"], &report["counts"]["removed"]),
        (&1.into(), &0.into()),
        "{report:#}"
    );
    assert_eq!(report["ghosts"], 0, "what the listing lacks is there all the same");
    assert_eq!(desk.done(&["resolve", "workbook", "Weekly Sales"]), format!("{new}\n"));
    // The hole does not open in the next run either.
    ends_incomplete(&desk);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn incomplete_listing_still_leaves_out_what_rest_says_is_gone() {
    let desk = Desk::generated(1, 40, 0);
    desk.done(&["init"]);
    desk.tableau.set_index(IndexMode::Frozen);
    let old = desk.tableau.resources("MySite").pop().expect("a workbook");
    desk.tableau.delete("MySite", Kind::Workbook, &old.luid);
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Truncate { keep: 30 }));
    let report = ends_incomplete(&desk);
    assert_eq!(report["ghosts"], 1, "{report:#}");
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}
