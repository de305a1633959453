//! Tableau's Metadata API is the list; REST is the witness beside it.
//!
//! The Metadata API lags behind, keeps ghosts and lacks project paths; REST knows what exists now. Both are
//! asked side by side in one session and reconciled. Without the witness the Metadata API alone decides, and its
//! listing counts as complete only by its own evidence: no code that says otherwise, and as many distinct nodes
//! as it announced.

pub(crate) mod pager;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use indicatif::ProgressBar;

use self::pager::list;
use super::listings::{Listings, now};
use super::reconcile::{Evidence, Listed};
use super::witness::witness;
use super::{Source, SourceError, SourceName};
use crate::mapping::Mapping;
use crate::resource::{ListedSite, Luid, ResourceKind, SiteName};
use crate::snapshot::Snapshot;
use crate::tableau::{Session, Tableau, TableauError};

/// What the Metadata API lists of one kind.
#[derive(Debug)]
pub struct Survey {
    /// The LUIDs.
    pub luids: BTreeSet<Luid>,
    /// How many of them come without a name, for lack of permission.
    pub withheld: u64,
    /// What says that something may be missing, Tableau's codes among it.
    pub doubts: BTreeSet<String>,
}

/// Lists one kind, for those who ask what this session can see. Never at the same time as another metadata call.
pub async fn survey(session: &Session, kind: ResourceKind) -> Result<Survey, TableauError> {
    let Listed { nodes, evidence: Evidence { codes: mut doubts, announced } } =
        list(session, kind, &ProgressBar::hidden()).await?;
    if let Some(announced) = announced.filter(|announced| *announced != nodes.len()) {
        doubts.insert(format!("{} of {announced} {}s listed", nodes.len(), kind.facts().noun));
    }
    let withheld = nodes.iter().filter(|node| node.name.is_none()).count() as u64;
    let luids = nodes.into_iter().filter_map(|node| node.luid).collect();
    Ok(Survey { luids, withheld, doubts })
}

/// The Metadata API of one server, with REST as its witness.
#[derive(Debug)]
pub struct MetadataSource {
    tableau: Tableau,
    progress: ProgressBar,
}

impl MetadataSource {
    /// Sends nothing yet.
    #[must_use]
    pub fn new(tableau: Tableau) -> Self {
        Self { tableau, progress: ProgressBar::hidden() }
    }

    /// Counts on `progress` what has been listed.
    #[must_use]
    pub fn with_progress(self, progress: ProgressBar) -> Self {
        Self { progress, ..self }
    }
}

#[async_trait]
impl Source for MetadataSource {
    fn name(&self) -> &'static str {
        SourceName::Metadata.as_str()
    }

    fn server(&self) -> String {
        self.tableau.server().identity()
    }

    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        let session = self.tableau.sign_in(site).await?;
        let snapshot = self.snapshot_in(&session, known).await;
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
        snapshot
    }

    async fn sites(&self, at: &SiteName) -> Result<Vec<ListedSite>, SourceError> {
        Ok(self.tableau.list_sites(at).await?)
    }

    fn may_overlap(&self, one: &SiteName, other: &SiteName) -> bool {
        self.tableau.may_overlap(one, other)
    }

    async fn abort(&self) {
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
    }
}

impl MetadataSource {
    async fn snapshot_in(&self, session: &Session, known: &Mapping) -> Result<Snapshot, SourceError> {
        let taken_at = now();
        // The two metadata listings run one after the other: concurrent metadata calls on one token meet 401.
        let metadata = async {
            let mut listed = BTreeMap::new();
            for kind in ResourceKind::ALL {
                listed.insert(kind, list(session, kind, &self.progress).await?);
            }
            Ok::<_, SourceError>(listed)
        };
        let (metadata, witness) = tokio::join!(metadata, witness(session));
        let listings = Listings { taken_at, metadata: metadata?, witness: witness? };
        listings.into_snapshot(SourceName::Metadata, session, known).await
    }
}
