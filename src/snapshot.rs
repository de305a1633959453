//! What one source saw on one site at one moment.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::resource::{Luid, Resource, ResourceKind, SiteName};

/// Where a snapshot comes from and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The server, as [`crate::tableau::ServerUrl::identity`] prints it.
    pub server: String,
    /// The site as sign-in named it, not as somebody typed it.
    pub site: SiteName,
    /// The source's name (`metadata`).
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
    resources: Vec<Resource>,
    gone: BTreeSet<(ResourceKind, Luid)>,
}

impl Snapshot {
    /// Sorts the resources by key and keeps the first of those that share an id.
    #[must_use]
    pub fn new(header: Header, mut resources: Vec<Resource>) -> Self {
        let mut seen = BTreeSet::new();
        resources.retain(|resource| seen.insert((resource.key.kind, resource.luid.clone())));
        resources.sort();
        Self { header, resources, gone: BTreeSet::new() }
    }

    /// The resources, sorted by key, each id once.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
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
