//! What changed between a mapping and a snapshot. Pure: no I/O, no clock.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::{Mapping, Row, Version};
use crate::resource::{PerKind, Resource, ResourceKey};
use crate::snapshot::{Header, Snapshot};

/// One difference between the map and the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A resource that the map did not have.
    Added(Resource),
    /// Published again: the same key, another LUID.
    Replaced {
        /// The resource that is gone.
        old: Resource,
        /// The resource that has its key now.
        new: Resource,
    },
    /// Renamed, or in another project (or a project above it was renamed): the same LUID.
    Moved {
        /// As the map had it.
        from: Resource,
        /// As it is now.
        to: Resource,
    },
    /// Gone from the site.
    Removed(Resource),
}

impl Change {
    /// The word for reports and for the `CHANGE` column.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Replaced { .. } => "replaced",
            Self::Moved { .. } => "moved",
            Self::Removed(_) => "removed",
        }
    }

    /// The resource before and after.
    #[must_use]
    pub const fn sides(&self) -> (Option<&Resource>, Option<&Resource>) {
        match self {
            Self::Added(new) => (None, Some(new)),
            Self::Replaced { old, new } => (Some(old), Some(new)),
            Self::Moved { from, to } => (Some(from), Some(to)),
            Self::Removed(old) => (Some(old), None),
        }
    }
}

/// Resources that a caller cannot tell apart by kind, leaf project and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// Two or more, sorted by project path.
    pub candidates: Vec<Resource>,
}

/// How many of what a change set holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Resources that the map did not have.
    pub added: u64,
    /// Resources with a new LUID under the same key.
    pub replaced: u64,
    /// Resources with a new name or project.
    pub moved: u64,
    /// Resources that are gone.
    pub removed: u64,
    /// Rows whose key and LUID stand while the columns beside them are filled or corrected.
    pub corrected: u64,
}

/// All that separates a mapping from a snapshot, sorted, with what a plan needs to know about both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// The snapshot's header.
    pub snapshot: Header,
    /// How many of each kind the snapshot has.
    pub listed: PerKind<u64>,
    /// How many of each kind are removed because the listing lacks them, without an answer of their own that they are
    /// gone: what a user who lost the permission to see them meets too.
    pub unseen: PerKind<u64>,
    /// The changes, sorted by key.
    pub changes: Vec<Change>,
    /// Resources whose row keeps its key and LUID and gets its other columns filled or corrected.
    pub corrected: Vec<Resource>,
    /// Keys that meet two or more rows once the changes are applied.
    pub ambiguous: Vec<Ambiguity>,
    /// The version of the mapping.
    pub based_on: Version,
    /// The time of the newest snapshot in the mapping.
    pub newest_snapshot_at: Option<jiff::Timestamp>,
    /// How many rows the mapping had.
    pub rows_before: u64,
    /// Whether several rows of the mapping share one LUID; applying a plan leaves one of them.
    pub has_duplicate_rows: bool,
}

impl ChangeSet {
    /// Whether the map says already what the snapshot says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.corrected.is_empty() && !self.has_duplicate_rows
    }

    /// How many of what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { corrected: self.corrected.len() as u64, ..Counts::default() };
        for change in &self.changes {
            match change {
                Change::Added(_) => counts.added += 1,
                Change::Replaced { .. } => counts.replaced += 1,
                Change::Moved { .. } => counts.moved += 1,
                Change::Removed(_) => counts.removed += 1,
            }
        }
        counts
    }
}

/// The differences between `mapping` and `snapshot`, which are of the same site.
#[must_use]
pub fn diff(snapshot: &Snapshot, mapping: &Mapping) -> ChangeSet {
    compare(snapshot, mapping, false)
}

/// As [`diff`], and every resource whose row is right already stands under `corrected`, so that its row is written again.
#[must_use]
pub fn diff_rewriting_all(snapshot: &Snapshot, mapping: &Mapping) -> ChangeSet {
    compare(snapshot, mapping, true)
}

fn compare(snapshot: &Snapshot, mapping: &Mapping, rewrite_all: bool) -> ChangeSet {
    let mut rows_by_id: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
    for row in &mapping.rows {
        rows_by_id.entry((row.resource.key.kind, &row.resource.luid)).or_default().push(row);
    }
    let has_duplicate_rows = rows_by_id.values().any(|rows| rows.len() > 1);

    let mut changes = Vec::new();
    let mut corrected = Vec::new();
    let mut after = Vec::new();
    let mut new = Vec::new();
    for resource in snapshot.resources() {
        let Some(rows) = rows_by_id.remove(&(resource.key.kind, &resource.luid)) else {
            new.push(resource);
            continue;
        };
        let verdicts: Vec<_> = rows.iter().map(|row| (*row, same_place(&row.resource, resource))).collect();
        let Some((row, in_place)) = verdicts.iter().find(|(_, same)| *same).or(verdicts.first()) else {
            continue;
        };
        let known = with_knowledge_of(resource, &row.resource);
        if !in_place {
            changes.push(Change::Moved { from: row.resource.clone(), to: known.clone() });
        } else if rewrite_all || known != row.resource || verdicts.iter().any(|(_, same)| !same) {
            corrected.push(known.clone());
        }
        after.push(known);
    }

    // Of several rows with one LUID the first stands for all: the resource is gone once.
    let (gone, kept): (Vec<_>, Vec<_>) = rows_by_id
        .into_values()
        .filter_map(|rows| rows.into_iter().next())
        .map(|row| &row.resource)
        .partition(|resource| snapshot.proves_gone(resource));
    let (replaced, gone, new) = pair_replaced(gone, new);
    after.extend(kept.into_iter().cloned());
    after.extend(new.iter().copied().cloned());
    after.extend(replaced.iter().map(|(_, new)| (*new).clone()));
    changes.extend(
        replaced.into_iter().map(|(old, new)| Change::Replaced { old: old.clone(), new: new.clone() }),
    );
    changes.extend(new.into_iter().cloned().map(Change::Added));
    changes.extend(gone.into_iter().cloned().map(Change::Removed));
    changes.sort_by(|a, b| order(a).cmp(&order(b)));

    let of_kind =
        |kind| snapshot.resources().iter().filter(|resource| resource.key.kind == kind).count() as u64;
    ChangeSet {
        snapshot: snapshot.header.clone(),
        listed: PerKind::of(of_kind),
        unseen: unseen(&changes, snapshot),
        changes,
        corrected,
        ambiguous: ambiguities(after),
        based_on: mapping.version,
        newest_snapshot_at: mapping.newest_snapshot_at,
        rows_before: mapping.rows.len() as u64,
        has_duplicate_rows,
    }
}

/// How many of each kind go for want of a listing alone.
fn unseen(changes: &[Change], snapshot: &Snapshot) -> PerKind<u64> {
    let known_gone: BTreeSet<_> = snapshot.gone().collect();
    let is_unseen = |old: &&Resource| !known_gone.contains(&(old.key.kind, old.luid.clone()));
    let removed = changes.iter().filter_map(|change| match change {
        Change::Removed(old) => Some(old),
        Change::Added(_) | Change::Replaced { .. } | Change::Moved { .. } => None,
    });
    let unseen: Vec<_> = removed.filter(is_unseen).collect();
    PerKind::of(|kind| unseen.iter().filter(|old| old.key.kind == kind).count() as u64)
}

/// Whether the resource has the row's name and, as far as both sides know, its project.
fn same_place(row: &Resource, resource: &Resource) -> bool {
    let same_project = match (&row.project_luid, &resource.project_luid) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    row.key.name == resource.key.name && row.key.project.agrees_with(&resource.key.project) && same_project
}

/// The resource, with what only its row knows: a source that could not ask REST knows neither the parents of a
/// project nor the project of a data source, and must not erase them.
fn with_knowledge_of(resource: &Resource, row: &Resource) -> Resource {
    let mut known = resource.clone();
    if same_place(row, resource) {
        if !known.key.project.is_rooted() {
            known.key.project = row.key.project.clone();
        }
        known.project_luid = known.project_luid.or_else(|| row.project_luid.clone());
    }
    known.vizportal_url_id = known.vizportal_url_id.or_else(|| row.vizportal_url_id.clone());
    known
}

type Pairs<'a> = Vec<(&'a Resource, &'a Resource)>;

/// Pairs a vanished resource with a new one where exactly one of each has a key; a shared key is never guessed.
fn pair_replaced<'a>(
    gone: Vec<&'a Resource>,
    new: Vec<&'a Resource>,
) -> (Pairs<'a>, Vec<&'a Resource>, Vec<&'a Resource>) {
    let agree =
        |a: &ResourceKey, b: &ResourceKey| a.plain() == b.plain() && a.project.agrees_with(&b.project);
    let mut gone_by_key: BTreeMap<_, Vec<&Resource>> = BTreeMap::new();
    for resource in &gone {
        gone_by_key.entry(resource.key.plain()).or_default().push(resource);
    }
    let mut new_by_key: BTreeMap<_, Vec<&Resource>> = BTreeMap::new();
    for resource in &new {
        new_by_key.entry(resource.key.plain()).or_default().push(resource);
    }
    let mut pairs = Vec::new();
    for (key, candidates) in &new_by_key {
        for resource in candidates {
            let agreeing = |found: Option<&Vec<&'a Resource>>| -> Vec<&'a Resource> {
                found
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|other| agree(&other.key, &resource.key))
                    .collect()
            };
            if let ([old], [_]) = (&agreeing(gone_by_key.get(key))[..], &agreeing(new_by_key.get(key))[..]) {
                pairs.push((*old, *resource));
            }
        }
    }
    // A row that knows only the leaf of its project may agree with two new resources: then it is not paired.
    let mut times_taken: BTreeMap<&Resource, usize> = BTreeMap::new();
    for (old, _) in &pairs {
        *times_taken.entry(old).or_default() += 1;
    }
    pairs.retain(|(old, _)| times_taken[old] == 1);

    let paired: BTreeSet<_> = pairs.iter().flat_map(|(old, new)| [*old, *new]).collect();
    let rest =
        |all: Vec<&'a Resource>| all.into_iter().filter(|resource| !paired.contains(resource)).collect();
    (pairs.clone(), rest(gone), rest(new))
}

fn order(change: &Change) -> (Option<&ResourceKey>, Option<&Resource>, &'static str) {
    let (before, after) = change.sides();
    (after.or(before).map(|resource| &resource.key), before, change.word())
}

fn ambiguities(mut after: Vec<Resource>) -> Vec<Ambiguity> {
    after.sort_by(|a, b| a.key.plain().cmp(&b.key.plain()).then_with(|| a.cmp(b)));
    after.dedup_by(|a, b| a.key.kind == b.key.kind && a.luid == b.luid);
    after
        .chunk_by(|a, b| a.key.plain() == b.key.plain())
        .filter(|group| group.len() > 1)
        .map(|group| Ambiguity { candidates: group.to_vec() })
        .collect()
}

#[cfg(test)]
mod tests {
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
        check(
            &["~B::x=3"],
            &["A/B::x=1", "C/B::x=2"],
            &["added A/B::x=1", "removed ~B::x=3", "added C/B::x=2"],
        );
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
        ] {
            let set = diff(&snapshot(complete, listed), &mapping(rows));
            let ambiguous: Vec<_> = set
                .ambiguous
                .iter()
                .map(|one| one.candidates.iter().map(line).collect::<Vec<_>>().join(", "))
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
}
