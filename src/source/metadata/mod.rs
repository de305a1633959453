//! Tableau's Metadata API is the list; REST is the witness beside it.
//!
//! The Metadata API lags behind, keeps ghosts and lacks project paths; REST knows what exists now. Both are
//! asked side by side in one session and reconciled. Without the witness the Metadata API alone decides, and its
//! listing counts as complete only by its own evidence: no code that says otherwise, and as many distinct nodes
//! as it announced.

mod pager;
mod pages;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use indicatif::ProgressBar;
use jiff::Timestamp;

use self::pager::list;
use super::reconcile::{Listed, reconcile};
use super::rest::{self, Witness};
use super::{Source, SourceError};
use crate::resource::{Luid, ResourceKind, SiteName};
use crate::snapshot::{Header, Snapshot};
use crate::tableau::{Session, Tableau};

/// Ghosts up to this number are each looked up by LUID before they are left out.
const MOST_LOOKED_UP: usize = 50;

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
        "metadata"
    }

    fn server(&self) -> String {
        self.tableau.server().identity()
    }

    async fn snapshot(&self, site: &SiteName) -> Result<Snapshot, SourceError> {
        let session = self.tableau.sign_in(site).await?;
        let snapshot = self.snapshot_in(&session).await;
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
        snapshot
    }

    async fn abort(&self) {
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
    }
}

impl MetadataSource {
    async fn snapshot_in(&self, session: &Session) -> Result<Snapshot, SourceError> {
        let taken_at = now();
        // The two metadata listings run one after the other: concurrent metadata calls on one token meet 401.
        let metadata = async {
            let mut listed = BTreeMap::new();
            for kind in ResourceKind::ALL {
                listed.insert(kind, list(session, kind, &self.progress).await?);
            }
            Ok::<_, SourceError>(listed)
        };
        let (listed, witness) = tokio::join!(metadata, rest::witness(session));
        let listed = listed?;

        let mut warnings = Vec::new();
        let witness = match witness {
            Ok(mut witness) => {
                look_up_unwitnessed(session, &listed, &mut witness).await;
                Some(witness)
            }
            Err(error) => {
                tracing::warn!(reason = %error, "REST could not be asked, the Metadata API decides alone");
                warnings.push(format!("REST could not be asked, the Metadata API decided alone: {error}"));
                None
            }
        };
        let found = reconcile(session.site(), listed, witness);
        let mut notes = found.notes;
        notes.warnings.splice(0..0, warnings);
        let header = Header {
            server: self.server(),
            site: session.site().clone(),
            source: self.name().to_owned(),
            taken_at,
            complete: found.complete,
            notes,
        };
        Ok(Snapshot::new(header, found.resources))
    }
}

/// Now, in the microseconds that the stores keep.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// What only the Metadata API lists is mostly gone, but may have been published after REST was asked, or have
/// slipped through between two of its pages. Each is looked up by its LUID and joins the witness if it exists.
async fn look_up_unwitnessed(
    session: &Session,
    listed: &BTreeMap<ResourceKind, Listed>,
    witness: &mut Witness,
) {
    for (kind, listing) in &mut witness.listings {
        let known: BTreeSet<&Luid> = listing.items.iter().map(|item| &item.id).collect();
        let nodes = listed.get(kind).into_iter().flat_map(|listed| &listed.nodes);
        let unwitnessed: BTreeSet<Luid> =
            nodes.filter_map(|node| node.luid.clone()).filter(|luid| !known.contains(luid)).collect();
        if unwitnessed.len() > MOST_LOOKED_UP {
            continue;
        }
        for luid in unwitnessed {
            match rest::find(session, *kind, &luid).await {
                Ok(Some(resource)) => listing.items.push(resource),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%kind, %luid, reason = %error, "could not look up what only the Metadata API lists");
                    listing.is_complete = false;
                }
            }
        }
    }
}
