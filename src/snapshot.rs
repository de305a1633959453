//! What one source saw on one site at one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::index::Index;
use crate::resource::{Luid, Resource, ResourceKind, SiteName};

/// Where a snapshot comes from and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The server, as [`crate::tableau::ServerUrl::identity`] prints it.
    pub server: String,
    /// The site as sign-in named it, not as somebody typed it.
    pub site: SiteName,
    /// The source's name (`metadata`, `rest`, `repository`).
    pub source: String,
    /// When the listing began, UTC, in microseconds: what happened later may be missing.
    pub taken_at: Timestamp,
    /// The kinds whose listing was complete. Absence is evidence for these alone.
    pub complete: BTreeSet<ResourceKind>,
    /// What the source noticed on the way.
    pub notes: Notes,
}

impl Header {
    /// Whether both kinds were listed completely.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        ResourceKind::ALL.iter().all(|kind| self.complete.contains(kind))
    }
}

/// What a source noticed while it listed a site; all of it is counted in the report and in the run row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Resources that the Metadata API did not know yet, or knew by an old name or project: taken from REST.
    pub lagging: u64,
    /// Resources that the Metadata API still listed although they are gone: left out.
    pub ghosts: u64,
    /// Resources that cannot be mapped: in a Personal Space, or without a LUID or a name.
    pub skipped: u64,
    /// One sentence for each thing that a person should know.
    pub warnings: Vec<String>,
}

/// The resources of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it comes from and how far it can be trusted.
    pub header: Header,
    /// Shared with what is made of them: changes, and the plan.
    resources: Vec<Arc<Resource>>,
    gone: BTreeSet<(ResourceKind, Luid)>,
    withheld: BTreeSet<(ResourceKind, Luid)>,
}

impl Snapshot {
    /// Keeps the first of those that share an id.
    #[must_use]
    pub fn new(header: Header, resources: impl IntoIterator<Item = Resource>) -> Self {
        let mut resources: Vec<_> = resources.into_iter().map(Arc::new).collect();
        let repeated = Index::of(&resources, |one| (one.key.kind, &one.luid)).repeated;
        let mut is_first = vec![true; resources.len()];
        for (_, position) in repeated {
            is_first[position] = false;
        }
        let mut is_first = is_first.into_iter();
        resources.retain(|_| is_first.next() == Some(true));
        Self { header, resources, gone: BTreeSet::new(), withheld: BTreeSet::new() }
    }

    /// The resources in the order in which they were listed, each id once.
    #[must_use]
    pub fn resources(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// The same with each resource replaced by what is made of it; none may become another one.
    #[must_use]
    pub fn map(mut self, change: impl Fn(&Arc<Resource>) -> Arc<Resource>) -> Self {
        for resource in &mut self.resources {
            *resource = change(resource);
        }
        self
    }

    /// The same, knowing that these resources do not exist any more: they may be removed even where the listing of
    /// their kind was not complete.
    #[must_use]
    pub fn knowing_gone(self, gone: BTreeSet<(ResourceKind, Luid)>) -> Self {
        Self { gone, ..self }
    }

    /// The resources that are surely gone.
    pub fn gone(&self) -> impl Iterator<Item = &(ResourceKind, Luid)> {
        self.gone.iter()
    }

    /// The same, knowing that these are listed to this account without their names, and shown in no other way.
    #[must_use]
    pub fn withholding(self, withheld: BTreeSet<(ResourceKind, Luid)>) -> Self {
        Self { withheld, ..self }
    }

    /// How many of a kind Tableau says there are, without their names.
    #[must_use]
    pub fn withheld(&self, kind: ResourceKind) -> u64 {
        self.withheld.iter().filter(|(of, _)| *of == kind).count() as u64
    }

    /// Whether it is sure that the resource, which is not in the snapshot, does not exist any more.
    #[must_use]
    pub fn proves_gone(&self, resource: &Resource) -> bool {
        let kind = resource.key.kind;
        self.header.complete.contains(&kind) || self.gone.contains(&(kind, resource.luid.clone()))
    }

    /// A live snapshot was taken after the mapping was loaded; this keeps its time after `newest`, the time of
    /// the newest snapshot in the map, even when the clock of this machine says otherwise.
    #[must_use]
    pub fn taken_after(mut self, newest: Option<Timestamp>) -> Self {
        if let Some(newest) = newest.filter(|newest| *newest >= self.header.taken_at) {
            self.header.taken_at = newest + jiff::SignedDuration::from_micros(1);
        }
        self
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::resource::sample::{line, resource, site};

    /// A moment of the day of the tests.
    pub fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a moment")
    }

    /// What a listing brought that was complete for these kinds.
    pub fn snapshot(complete: &[ResourceKind], resources: &[&str]) -> Snapshot {
        let header = Header {
            server: "https://tableau.example.com".to_owned(),
            site: site(),
            source: "metadata".to_owned(),
            taken_at: at(0),
            complete: complete.iter().copied().collect(),
            notes: Notes::default(),
        };
        Snapshot::new(header, resources.iter().copied().map(resource))
    }

    const WORKBOOKS: &[ResourceKind] = &[ResourceKind::Workbook];

    #[test]
    fn a_snapshot_holds_each_id_once() {
        let resources = ["B::x=1", "A::x=2", "A::other=1", "datasource Z::x=1"];
        let snapshot = snapshot(&ResourceKind::ALL, &resources);
        let lines: Vec<_> = snapshot.resources().iter().map(|one| line(one)).collect();
        assert_eq!(lines, ["B::x=1", "A::x=2", "datasource Z::x=1"]);
    }

    #[test]
    fn absence_is_evidence_for_complete_kinds_and_for_what_is_known_to_be_gone() {
        let gone = (ResourceKind::Datasource, Luid::new("1").expect("a LUID"));
        let snapshot = snapshot(WORKBOOKS, &[]).knowing_gone([gone.clone()].into());
        let snapshot = snapshot.withholding([gone.clone()].into()).map(Arc::clone);
        assert_eq!(snapshot.gone().collect::<Vec<_>>(), [&gone]);
        assert_eq!(ResourceKind::ALL.map(|kind| snapshot.withheld(kind)), [0, 1]);
        for (line, expected) in [("A::x=1", true), ("datasource A::x=1", true), ("datasource A::x=2", false)]
        {
            assert_eq!(snapshot.proves_gone(&resource(line)), expected, "{line}");
        }
        assert!(!snapshot_of_all(WORKBOOKS) && !snapshot_of_all(&[]) && snapshot_of_all(&ResourceKind::ALL));
    }

    fn snapshot_of_all(complete: &[ResourceKind]) -> bool {
        snapshot(complete, &[]).header.is_complete()
    }

    #[test]
    fn a_live_snapshot_is_newer_than_the_map_whatever_the_clocks_say() {
        let microsecond = jiff::SignedDuration::from_micros(1);
        for (newest, expected) in [
            (None, at(0)),
            (Some(at(-1)), at(0)),
            (Some(at(0)), at(0) + microsecond),
            (Some(at(9)), at(9) + microsecond),
        ] {
            let taken_at = snapshot(&[], &[]).taken_after(newest).header.taken_at;
            assert_eq!(taken_at, expected, "{newest:?}");
        }
    }
}
