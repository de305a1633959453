//! Tableau's Metadata API is the list; REST is the witness beside it.
//!
//! The Metadata API lags behind, keeps ghosts and lacks project paths; REST knows what exists now. Both are
//! asked side by side in one session and reconciled. Without the witness the Metadata API alone decides, and its
//! listing counts as complete only by its own evidence: no code that says otherwise, and as many distinct nodes
//! as it announced.

mod pager;

use std::collections::BTreeMap;

use async_trait::async_trait;
use indicatif::ProgressBar;
use jiff::Timestamp;

use self::pager::list;
use super::lookup::look_up;
use super::reconcile::reconcile;
use super::rest;
use super::{Source, SourceError};
use crate::mapping::Mapping;
use crate::resource::{ResourceKind, SiteName};
use crate::snapshot::{Header, Snapshot};
use crate::tableau::{Session, Tableau};

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

    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        let session = self.tableau.sign_in(site).await?;
        let snapshot = self.snapshot_in(&session, known).await;
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
        let (listed, witness) = tokio::join!(metadata, rest::witness(session));
        let (listed, mut witness) = (listed?, witness?);
        let mut warnings = Vec::new();
        for failure in &witness.failures {
            tracing::warn!(reason = %failure, "REST could not witness");
            warnings.push(format!("REST could not witness: {failure}"));
        }
        let lookups = look_up(session, &listed, &mut witness, known).await?;
        let found = reconcile(session.site(), listed, witness, lookups);
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
        Ok(Snapshot::new(header, found.resources).knowing_gone(found.gone))
    }
}

/// Now, in the microseconds that the stores keep.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
