//! REST alone lists the site: where the Metadata API is off, unknown to the server or closed to the user.
//!
//! A kind is complete when its listing stood still: its total was the same from the first page to the last, and all that it
//! announced came. What the map holds and a listing lacks is asked for by its LUID before it is removed. There is nothing
//! beside REST to find ghosts or lag with, and no need: REST shows what exists now.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::listings::{Listings, now};
use super::witness::witness;
use super::{Source, SourceError, SourceName};
use crate::mapping::Mapping;
use crate::resource::{ListedSite, SiteName};
use crate::snapshot::Snapshot;
use crate::tableau::{Session, Tableau};

/// The REST API of one server.
#[derive(Debug)]
pub struct RestSource {
    tableau: Tableau,
}

impl RestSource {
    /// Sends nothing yet.
    #[must_use]
    pub fn new(tableau: Tableau) -> Self {
        Self { tableau }
    }

    async fn snapshot_in(&self, session: &Session, known: &Mapping) -> Result<Snapshot, SourceError> {
        let taken_at = now();
        let mut witness = witness(session).await?;
        if witness.listings.is_empty() {
            // Nothing is known of the site. The first failure tells why; the others tell the same.
            if let Some(failure) = witness.failures.drain(..).next() {
                return Err(failure.into());
            }
        }
        let listings = Listings { taken_at, metadata: BTreeMap::new(), witness };
        listings.into_snapshot(SourceName::Rest, session, known).await
    }
}

#[async_trait]
impl Source for RestSource {
    fn name(&self) -> &'static str {
        SourceName::Rest.as_str()
    }

    fn server(&self) -> String {
        self.tableau.server().identity()
    }

    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        let session = self.tableau.sign_in(site).await?;
        let snapshot = self.snapshot_in(&session, known).await;
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
        self.tableau.sign_out().await;
    }
}
