//! Tables of what changed, in a line for each change.

use super::*;
use crate::mapping::tests::mapping;
use crate::resource::sample::line;
use crate::resource::{Luid, ResourceKind};
use crate::snapshot::tests::{at, snapshot};

const ALL: &[ResourceKind] = &ResourceKind::ALL;

/// The changes in a line each, and what is corrected.
fn lines(set: &ChangeSet) -> Vec<String> {
    let change = |change: &Change| {
        let (before, after) = change.sides();
        let sides: Vec<_> = before.into_iter().chain(after).map(line).collect();
        format!("{} {}", change.word(), sides.join(" > "))
    };
    let corrected = set.corrected.iter().map(|one| format!("corrected {}", line(one)));
    set.changes.iter().map(change).chain(corrected).collect()
}

fn of_all(rows: &[&str], listed: &[&str]) -> ChangeSet {
    diff(&snapshot(ALL, listed), &mapping(rows))
}

fn check(rows: &[&str], listed: &[&str], expected: &[&str]) {
    assert_eq!(lines(&of_all(rows, listed)), expected, "{rows:?} became {listed:?}");
}

#[test]
fn a_resource_is_known_by_its_kind_and_luid() {
    check(&[], &[], &[]);
    check(&["A::x=1@p#7"], &["A::x=1@p#7"], &[]);
    check(&[], &["A::x=1"], &["added A::x=1"]);
    check(&["A::x=1"], &[], &["removed A::x=1"]);
    check(&["A::x=1"], &["A::y=1"], &["moved A::x=1 > A::y=1"]);
    check(&["A::x=1"], &["A::X=1"], &["moved A::x=1 > A::X=1"]);
    check(&["A::x=1"], &["A/B::x=1"], &["moved A::x=1 > A/B::x=1"]);
    check(&["A::x=1"], &["datasource A::x=1"], &["added datasource A::x=1", "removed A::x=1"]);
    check(&["A::x=1", "datasource A::x=1"], &["datasource A::x=1"], &["removed A::x=1"]);
}

#[test]
fn a_project_that_was_made_again_under_its_name_is_another() {
    check(&["A::x=1@p"], &["A::x=1@q"], &["moved A::x=1@p > A::x=1@q"]);
    check(&["A::x=1"], &["A::x=1@q"], &["corrected A::x=1@q"]);
    check(&["A::x=1@p"], &["A::x=1"], &[]);
}

#[test]
fn another_normal_form_of_a_name_is_a_correction() {
    let (composed, decomposed) = ("Caf\u{e9}::Caf\u{e9}=1", "Cafe\u{301}::Cafe\u{301}=1");
    check(&[composed], &[decomposed], &[&format!("corrected {decomposed}")]);
    let (new, replaced) =
        ("Cafe\u{301}::Cafe\u{301}=2", format!("replaced {composed} > Cafe\u{301}::Cafe\u{301}=2"));
    check(&[composed], &[new], &[&replaced]);
    check(&["Caf\u{e9}::x=1"], &["Cafe::x=1"], &["moved Caf\u{e9}::x=1 > Cafe::x=1"]);
}

#[test]
fn what_a_source_does_not_know_is_not_erased() {
    check(&["A/B::x=1@p#7"], &["~B::x=1"], &[]);
    check(&["A/B::x=1@p#7"], &["~B::x=1@p#8"], &["corrected A/B::x=1@p#8"]);
    check(&["A/B::x=1@p#7"], &["~C::x=1"], &["moved A/B::x=1@p#7 > ~C::x=1#7"]);
    check(&["~B::x=1"], &["A/B::x=1@p#7"], &["corrected A/B::x=1@p#7"]);
    check(&["A::x=1@p#7"], &["A::y=1@p"], &["moved A::x=1@p#7 > A::y=1@p#7"]);
}

#[test]
fn one_gone_and_one_new_under_one_key_are_the_same_published_again() {
    check(&["A::x=1"], &["A::x=2"], &["replaced A::x=1 > A::x=2"]);
    check(&["~B::x=1"], &["A/B::x=2"], &["replaced ~B::x=1 > A/B::x=2"]);
    check(&["A/B::x=1"], &["~B::x=2"], &["replaced A/B::x=1 > ~B::x=2"]);
    let two = ["A::x=1", "B::x=2"];
    check(&two, &["A::x=3", "B::x=4"], &["replaced A::x=1 > A::x=3", "replaced B::x=2 > B::x=4"]);
    check(&["A/C::x=1"], &["B/C::x=2"], &["removed A/C::x=1", "added B/C::x=2"]);
    check(&["A::x=1"], &["A::y=2"], &["removed A::x=1", "added A::y=2"]);
    check(&["A::x=1"], &["datasource A::x=2"], &["added datasource A::x=2", "removed A::x=1"]);
}

#[test]
fn a_key_that_several_share_is_never_guessed() {
    let gone = ["removed A::x=1", "removed A::x=2"];
    check(&["A::x=1", "A::x=2"], &["A::x=3"], &["added A::x=3", gone[0], gone[1]]);
    check(&["A::x=3"], &["A::x=1", "A::x=2"], &["added A::x=1", "added A::x=2", "removed A::x=3"]);
    // A row that knows the leaf of its project alone may be either of two, and neither of them is both.
    check(&["~B::x=3"], &["A/B::x=1", "C/B::x=2"], &["added A/B::x=1", "removed ~B::x=3", "added C/B::x=2"]);
    check(
        &["A/B::x=1", "C/B::x=2"],
        &["~B::x=3"],
        &["removed A/B::x=1", "added ~B::x=3", "removed C/B::x=2"],
    );
    let replaced = ["replaced A/B::x=1 > A/B::x=11", "replaced C/B::x=2 > C/B::x=12"];
    check(&["A/B::x=1", "C/B::x=2"], &["A/B::x=11", "C/B::x=12"], &replaced);
}

#[test]
fn nothing_is_removed_or_replaced_without_evidence() {
    let rows = ["A::x=1", "A::y=2", "datasource A::z=3"];
    for (complete, gone, expected) in [
        (ALL, None, &["replaced A::x=1 > A::x=4", "removed A::y=2", "removed datasource A::z=3"][..]),
        (&[ResourceKind::Datasource], None, &["added A::x=4", "removed datasource A::z=3"]),
        (&[], None, &["added A::x=4"]),
        (&[], Some("1"), &["replaced A::x=1 > A::x=4"]),
        (&[], Some("2"), &["added A::x=4", "removed A::y=2"]),
    ] {
        let gone = gone.and_then(Luid::new).map(|luid| (ResourceKind::Workbook, luid));
        let snapshot = snapshot(complete, &["A::x=4"]).knowing_gone(gone.into_iter().collect());
        let mut expected = expected.to_vec();
        expected.sort_by_key(|line| !line.contains("datasource"));
        assert_eq!(lines(&diff(&snapshot, &mapping(&rows))), expected, "{complete:?}");
    }
}

#[test]
fn rows_that_share_a_luid_become_one() {
    let set = of_all(&["A::x=1", "B::x=1"], &["B::x=1"]);
    assert_eq!(
        (lines(&set), set.has_duplicate_rows, set.is_empty()),
        (vec!["corrected B::x=1".to_owned()], true, false)
    );
    check(&["A::x=1", "B::x=1"], &["C::x=1"], &["moved A::x=1 > C::x=1"]);
    check(&["A::x=1", "B::x=1"], &[], &["removed A::x=1"]);
    let alike = of_all(&["A::x=1", "A::x=1"], &["A::x=1"]);
    assert_eq!((lines(&alike), alike.is_empty()), (vec![], false));
    assert!(!of_all(&["A::x=1", "datasource A::x=1"], &[]).has_duplicate_rows);
}

#[test]
fn rewriting_all_corrects_what_is_right_already_and_moves_what_is_not() {
    let listed = snapshot(ALL, &["A::x=1", "B::y=2", "A::new=3"]);
    let rows = mapping(&["A::x=1@p", "A::y=2"]);
    let expected = ["added A::new=3", "moved A::y=2 > B::y=2", "corrected A::x=1@p"];
    assert_eq!(lines(&diff_rewriting_all(&listed, &rows)), expected);
    assert_eq!(lines(&diff(&listed, &rows)), expected[..2]);
}

#[test]
fn keys_that_meet_several_rows_afterwards_are_named() {
    for (complete, rows, listed, expected) in [
        (ALL, &[][..], &["A::x=1", "A::y=2", "B::x=3", "datasource A::x=4"][..], &[][..]),
        (ALL, &[], &["B/P::x=1", "A/P::x=2", "P::y=3"], &["A/P::x=2, B/P::x=1"]),
        (ALL, &["A/P::x=1"], &["B/P::x=2"], &[]),
        // What stays because it is not known to be gone.
        (&[], &["A/P::x=1"], &["B/P::x=2"], &["A/P::x=1, B/P::x=2"]),
        (ALL, &["A/P::x=1"], &["A/P::x=3", "B/P::x=2"], &["A/P::x=3, B/P::x=2"]),
        (ALL, &["A/P::x=1"], &["A/P::x=1", "B/P::x=2"], &["A/P::x=1, B/P::x=2"]),
        (ALL, &[], &["P::x=1", "datasource P::x=1"], &[]),
        (ALL, &[], &["datasource A/P::x=1", "datasource B/P::x=1"], &[]),
        (&[], &["A/P::x=1", "B/P::x=1"], &[], &[]),
        // Two rows of one resource are one candidate.
        (&[], &["A/P::x=1", "B/P::x=1", "C/P::x=2"], &[], &["A/P::x=1, C/P::x=2"]),
    ] {
        let set = diff(&snapshot(complete, listed), &mapping(rows));
        let ambiguous: Vec<_> = set
            .ambiguous
            .iter()
            .map(|one| one.candidates.iter().map(|one| line(one)).collect::<Vec<_>>().join(", "))
            .collect();
        assert_eq!(ambiguous, expected, "{rows:?} became {listed:?}");
    }
}

#[test]
fn a_change_set_counts_what_it_holds() {
    let rows = ["A::a=1", "A::b=2", "A::c=3", "A::d=4", "A::e=5", "datasource A::f=6"];
    let listed = ["A::new=7", "A::a=10", "B::b=2", "A::e=5#9", "datasource A::f=6"];
    let before = Mapping { version: Version(3), newest_snapshot_at: Some(at(-5)), ..mapping(&rows) };
    let set = diff(&snapshot(ALL, &listed), &before);
    let expected = Counts { added: 1, replaced: 1, moved: 1, removed: 2, corrected: 1 };
    assert_eq!((set.counts(), set.rows_before, set.is_empty()), (expected, 6, false));
    assert_eq!((set.based_on, set.newest_snapshot_at), (Version(3), Some(at(-5))));
    assert_eq!(set.listed, PerKind::of(|kind| if kind == ResourceKind::Workbook { 4 } else { 1 }));
    let corrected = of_all(&["A::e=5"], &["A::e=5#9"]);
    assert_eq!((corrected.is_empty(), corrected.counts().corrected), (false, 1));
    assert!(of_all(&rows, &rows).is_empty());
}
