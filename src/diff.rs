//! What changed between a mapping and a snapshot. Pure: no I/O, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::index::Index;
use crate::mapping::{Mapping, Row, Version};
use crate::resource::matching::{is_same_name, nfc};
use crate::resource::{Luid, PerKind, ProjectPath, Resource, ResourceKey, ResourceKind};
use crate::snapshot::{Header, Snapshot};

/// One difference between the map and the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A resource that the map did not have.
    Added(Arc<Resource>),
    /// Published again: the same key, another LUID.
    Replaced {
        /// The resource that is gone.
        old: Arc<Resource>,
        /// The resource that has its key now.
        new: Arc<Resource>,
    },
    /// Renamed, or in another project (or a project above it was renamed): the same LUID.
    Moved {
        /// As the map had it.
        from: Arc<Resource>,
        /// As it is now.
        to: Arc<Resource>,
    },
    /// Gone from the site.
    Removed(Arc<Resource>),
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
    pub fn sides(&self) -> (Option<&Resource>, Option<&Resource>) {
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
    pub candidates: Vec<Arc<Resource>>,
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
    /// Resources whose row keeps its key and LUID and is written again: its other columns are filled or corrected, or every
    /// row is written.
    pub corrected: Vec<Arc<Resource>>,
    /// How many of those rows are right already.
    pub rewritten: u64,
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

    /// The kinds of which nothing is seen any more, and how many Tableau did not say to be gone.
    pub fn emptied(&self) -> impl Iterator<Item = (ResourceKind, u64)> {
        let kinds = self.listed.iter().zip(self.unseen.iter());
        kinds.filter_map(|((kind, listed), (_, unseen))| {
            (*listed == 0 && *unseen > 0).then_some((kind, *unseen))
        })
    }

    /// How many of what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let corrected = (self.corrected.len() as u64).saturating_sub(self.rewritten);
        let mut counts = Counts { corrected, ..Counts::default() };
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
    let rows_by_id = by_id(mapping);
    let (others, mut is_settled) = beside_the_first(mapping, &rows_by_id.repeated);

    let mut changes = Vec::new();
    let mut corrected = Vec::new();
    let mut rewritten = 0;
    let mut after = Vec::with_capacity(snapshot.resources().len());
    let mut new = Vec::new();
    for resource in snapshot.resources() {
        let Some(position) = rows_by_id.position(&id(resource)) else {
            new.push(resource);
            continue;
        };
        is_settled[position] = true;
        let first = &mapping.rows[position].resource;
        let rows = Rows { first, others: others.get(&position).map_or(&[], Vec::as_slice) };
        let (row, in_place) = rows.nearest_to(resource);
        let known = with_knowledge_of(resource, row);
        if !in_place {
            changes.push(Change::Moved { from: Arc::new(row.clone()), to: Arc::clone(&known) });
        } else if *known != *row || !rows.are_in_place_of(resource) {
            corrected.push(Arc::clone(&known));
        } else if rewrite_all {
            corrected.push(Arc::clone(&known));
            rewritten += 1;
        }
        after.push(known);
    }

    // Of several rows with one LUID the first stands for all: the resource is gone once.
    let left = mapping.rows.iter().zip(is_settled).filter(|(_, is_settled)| !is_settled);
    let left = left.map(|(row, _)| Arc::new(row.resource.clone()));
    let (gone, kept): (Vec<_>, Vec<_>) = left.partition(|resource| snapshot.proves_gone(resource));
    let (replaced, gone, new) = pair_replaced(&gone, new);
    after.extend(kept);
    after.extend(new.iter().copied().cloned());
    after.extend(replaced.iter().map(|(_, new)| Arc::clone(new)));
    changes.extend(
        replaced
            .into_iter()
            .map(|(old, new)| Change::Replaced { old: Arc::clone(old), new: Arc::clone(new) }),
    );
    changes.extend(new.into_iter().cloned().map(Change::Added));
    changes.extend(gone.into_iter().cloned().map(Change::Removed));
    changes.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    corrected.sort_unstable();

    let of_kind =
        |kind| snapshot.resources().iter().filter(|resource| resource.key.kind == kind).count() as u64;
    ChangeSet {
        snapshot: snapshot.header.clone(),
        listed: PerKind::of(of_kind),
        unseen: unseen(&changes, snapshot),
        changes,
        corrected,
        rewritten,
        ambiguous: ambiguities(&after),
        based_on: mapping.version,
        newest_snapshot_at: mapping.newest_snapshot_at,
        rows_before: mapping.rows.len() as u64,
        has_duplicate_rows: !others.is_empty(),
    }
}

/// The rows of one resource.
struct Rows<'a> {
    first: &'a Resource,
    /// In a table that another tool wrote.
    others: &'a [&'a Resource],
}

impl<'a> Rows<'a> {
    /// The row that stands for all of them, and whether it has the place of `resource`.
    fn nearest_to(&self, resource: &Resource) -> (&'a Resource, bool) {
        let mut rows = std::iter::once(&self.first).chain(self.others);
        let in_place = rows.find(|row| same_place(row, resource));
        in_place.map_or((self.first, false), |row| (row, true))
    }
}

impl Rows<'_> {
    fn are_in_place_of(&self, resource: &Resource) -> bool {
        self.others.is_empty()
            || same_place(self.first, resource) && self.others.iter().all(|row| same_place(row, resource))
    }
}

/// The rows that repeat the id of another one, by the position of that one; and which rows these are.
fn beside_the_first<'a>(
    mapping: &'a Mapping,
    repeated: &[(usize, usize)],
) -> (BTreeMap<usize, Vec<&'a Resource>>, Vec<bool>) {
    let mut others: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut is_other = vec![false; mapping.rows.len()];
    for (first, other) in repeated {
        others.entry(*first).or_default().push(&mapping.rows[*other].resource);
        is_other[*other] = true;
    }
    (others, is_other)
}

fn id(resource: &Resource) -> (ResourceKind, Luid) {
    (resource.key.kind, resource.luid.clone())
}

fn by_id<'a>(mapping: &'a Mapping) -> Index<'a, Row, impl Fn(&'a Row) -> (ResourceKind, Luid)> {
    Index::of(&mapping.rows, |row| id(&row.resource))
}

/// How many of each kind go for want of a listing alone.
fn unseen(changes: &[Change], snapshot: &Snapshot) -> PerKind<u64> {
    let known_gone: BTreeSet<_> = snapshot.gone().collect();
    let is_unseen = |old: &&Arc<Resource>| !known_gone.contains(&(old.key.kind, old.luid.clone()));
    let removed = changes.iter().filter_map(|change| match change {
        Change::Removed(old) => Some(old),
        Change::Added(_) | Change::Replaced { .. } | Change::Moved { .. } => None,
    });
    let unseen: Vec<_> = removed.filter(is_unseen).collect();
    PerKind::of(|kind| unseen.iter().filter(|old| old.key.kind == kind).count() as u64)
}

/// The snapshot, with what only the rows of the same resources know.
#[must_use]
pub fn with_knowledge_of_map(snapshot: Snapshot, mapping: &Mapping) -> Snapshot {
    let rows = by_id(mapping);
    snapshot.map(|resource| match rows.get(&id(resource)) {
        Some(row) => with_knowledge_of(resource, &row.resource),
        None => Arc::clone(resource),
    })
}

/// Whether the resource has the row's name and, as far as both sides know, its project.
fn same_place(row: &Resource, resource: &Resource) -> bool {
    let same_project = match (&row.details.project_luid, &resource.details.project_luid) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    is_same_name(&row.key.name, &resource.key.name)
        && same_path(&row.key.project, &resource.key.project)
        && same_project
}

/// Whether both may be one project, in whatever normal form of Unicode.
fn same_path(one: &ProjectPath, other: &ProjectPath) -> bool {
    one.agrees_with(other) || one.nfc().agrees_with(&other.nfc())
}

/// The resource, with what only its row knows: a source that could not ask REST knows neither the parents of a
/// project nor the project of a data source, and must not erase them.
fn with_knowledge_of(resource: &Arc<Resource>, row: &Resource) -> Arc<Resource> {
    if **resource == *row {
        return Arc::clone(resource);
    }
    let has_moved = !same_place(row, resource);
    let mut known = Resource::clone(resource);
    if !has_moved && !known.key.project.is_rooted() {
        known.key.project = row.key.project.clone();
    }
    known.details = known.details.or(&row.details, has_moved);
    Arc::new(known)
}

type Pairs<'a> = Vec<(&'a Arc<Resource>, &'a Arc<Resource>)>;

/// Pairs a vanished resource with a new one where exactly one of each has a key; a shared key is never guessed.
fn pair_replaced<'a>(
    gone: &'a [Arc<Resource>],
    new: Vec<&'a Arc<Resource>>,
) -> (Pairs<'a>, Vec<&'a Arc<Resource>>, Vec<&'a Arc<Resource>>) {
    let all_gone = gone.iter().collect();
    if gone.is_empty() || new.is_empty() {
        return (Vec::new(), all_gone, new);
    }
    // In one normal form of Unicode, for two of Tableau's APIs may write one name differently.
    let key = |resource: &Resource| {
        let ResourceKey { kind, project, name, .. } = &resource.key;
        (*kind, nfc(project.leaf()), nfc(name))
    };
    let agree = |a: &Resource, b: &Resource| key(a) == key(b) && same_path(&a.key.project, &b.key.project);
    let mut gone_by_key: BTreeMap<_, Vec<&Arc<Resource>>> = BTreeMap::new();
    for resource in gone {
        gone_by_key.entry(key(resource)).or_default().push(resource);
    }
    let mut new_by_key: BTreeMap<_, Vec<&Arc<Resource>>> = BTreeMap::new();
    for resource in new.iter().copied() {
        new_by_key.entry(key(resource)).or_default().push(resource);
    }
    let mut pairs = Vec::new();
    for (key, candidates) in &new_by_key {
        for resource in candidates {
            let agreeing = |found: Option<&Vec<&'a Arc<Resource>>>| -> Vec<&'a Arc<Resource>> {
                found.into_iter().flatten().copied().filter(|other| agree(other, resource)).collect()
            };
            if let ([old], [_]) = (&agreeing(gone_by_key.get(key))[..], &agreeing(new_by_key.get(key))[..]) {
                pairs.push((*old, *resource));
            }
        }
    }
    // A row that knows only the leaf of its project may agree with two new resources: then it is not paired.
    let mut times_taken: BTreeMap<&Arc<Resource>, usize> = BTreeMap::new();
    for (old, _) in &pairs {
        *times_taken.entry(old).or_default() += 1;
    }
    pairs.retain(|(old, _)| times_taken[old] == 1);

    let paired: BTreeSet<_> = pairs.iter().flat_map(|(old, new)| [*old, *new]).collect();
    let rest =
        |all: Vec<&'a Arc<Resource>>| all.into_iter().filter(|resource| !paired.contains(resource)).collect();
    (pairs.clone(), rest(all_gone), rest(new))
}

fn order(change: &Change) -> (Option<&ResourceKey>, Option<&Resource>, &'static str) {
    let (before, after) = change.sides();
    (after.or(before).map(|resource| &resource.key), before, change.word())
}

/// The keys that several of these resources share.
#[must_use]
pub fn ambiguities(after: &[Arc<Resource>]) -> Vec<Ambiguity> {
    let by_key = Index::of(after, |one| one.key.plain());
    let is_shared = |(first, other): &&(usize, usize)| after[*first].luid != after[*other].luid;
    let shared: BTreeSet<_> = by_key.repeated.iter().filter(is_shared).map(|(first, _)| *first).collect();
    let others = by_key.repeated.iter().filter(|(first, _)| shared.contains(first)).map(|(_, other)| other);
    let mut found: Vec<_> =
        shared.iter().chain(others).map(|position| Arc::clone(&after[*position])).collect();
    found.sort_by(|a, b| a.key.plain().cmp(&b.key.plain()).then_with(|| a.cmp(b)));
    found.dedup_by(|a, b| a.key.kind == b.key.kind && a.luid == b.luid);
    found
        .chunk_by(|a, b| a.key.plain() == b.key.plain())
        .map(|group| Ambiguity { candidates: group.to_vec() })
        .collect()
}

#[cfg(test)]
mod tests;
