//! A token or user that lost its access sees less, and what it does not see is not gone. `docs/reliability.md` lists
//! these tests.

use tableau_simulator::{Effect, Endpoint, Fault, Kind, Visibility};
use test_support::desk::Desk;

use crate::faults::ends_complete;
use crate::sources::by_each_source;

/// A mapped site whose workbooks this user may not see any more, all of them or all but the first few.
fn desk_that_lost_its_workbooks(workbooks: usize, still_shown: usize) -> Desk {
    let desk = Desk::generated(1, workbooks, 3);
    desk.done(&["init"]);
    desk.sync();
    let items = desk.tableau.resources("MySite");
    for item in items.iter().filter(|item| item.kind == Kind::Workbook).skip(still_shown) {
        desk.tableau.show("MySite", item.kind, &item.luid, Visibility::Hidden);
    }
    desk
}

#[test]
fn token_that_lost_its_access_does_not_empty_a_small_site() {
    for workbooks in [1, 6] {
        for desk in by_each_source(|| desk_that_lost_its_workbooks(workbooks, 0)) {
            let before = desk.mapped("MySite");
            let number = workbooks.to_string();
            let words = ["no workbook any more", number.as_str(), "lost its permissions", "--max-removed "];
            desk.run(&["sync"]).refused(1, &words);
            desk.run(&["sync", "--dry-run"]).refused(1, &words);
            assert_eq!(desk.mapped("MySite"), before);
            desk.done(&["sync", "--max-removed", &number]);
            assert_eq!(desk.mapped("MySite").len(), 3);
        }
    }
}

#[test]
fn limit_in_the_configuration_does_not_allow_a_kind_to_be_emptied() {
    for desk in by_each_source(|| desk_that_lost_its_workbooks(2, 0)) {
        desk.write("tabmap.toml", "[limits]\nmax_removed = \"90%\"\n");
        desk.run(&["sync"]).refused(1, &["no workbook", "--max-removed 2"]);
        desk.done(&["sync", "--max-removed", "90%"]);
    }
}

#[test]
fn refusals_remove_rows_while_others_of_their_kind_stay_visible() {
    for desk in by_each_source(|| desk_that_lost_its_workbooks(6, 1)) {
        let report = ends_complete(&desk);
        assert_eq!(report["counts"]["removed"], 5);
    }
}

#[test]
fn last_resources_of_a_kind_leave_the_map_when_tableau_says_that_they_are_gone() {
    for desk in by_each_source(|| Desk::generated(1, 2, 3)) {
        desk.done(&["init"]);
        desk.sync();
        let items = desk.tableau.resources("MySite");
        let [deleted, made_personal] = &items[..2] else { panic!("two workbooks: {items:?}") };
        desk.tableau.delete("MySite", Kind::Workbook, &deleted.luid);
        desk.tableau.move_to("MySite", Kind::Workbook, &made_personal.luid, &[]);
        let report = ends_complete(&desk);
        assert_eq!(report["counts"]["removed"], 2);
    }
}

#[test]
fn one_deletion_does_not_vouch_for_what_is_merely_refused() {
    for desk in by_each_source(|| desk_that_lost_its_workbooks(6, 1)) {
        let last = desk.tableau.resources("MySite").remove(0);
        desk.tableau.delete("MySite", Kind::Workbook, &last.luid);
        desk.run(&["sync"]).refused(1, &["no workbook", "5 of them", "--max-removed 6"]);
    }
}

#[test]
fn listing_that_was_cut_short_does_not_remove_what_moved_into_a_personal_space() {
    for desk in by_each_source(|| Desk::generated(1, 12, 3)) {
        desk.done(&["init"]);
        desk.sync();
        let moved = desk.tableau.resources("MySite").remove(0);
        desk.tableau.move_to("MySite", Kind::Workbook, &moved.luid, &[]);
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Truncate { keep: 5 }));
        let report = desk.report(&["sync", "--format", "json"], 4);
        assert_eq!(report["counts"]["removed"], 0, "{report:#}");
        desk.tableau.clear_faults();
        assert_eq!(ends_complete(&desk)["counts"]["removed"], 1);
    }
}
