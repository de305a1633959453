//! The map in memory, for several questions.

use crate::mapping::{Mapping, Row};
use crate::resource::SiteName;
use crate::store::{Store, StoreError};

/// The rows of several sites at one moment.
#[derive(Debug)]
pub struct LoadedMap {
    mappings: Vec<Mapping>,
}

impl LoadedMap {
    /// Loads the rows of `sites`, of all sites where none is named.
    pub async fn load(store: &dyn Store, sites: &[SiteName]) -> Result<Self, StoreError> {
        let mut mappings = Vec::new();
        for site in store.sites().await? {
            if site.is_among(sites) {
                mappings.push(store.load(&site).await?);
            }
        }
        Ok(Self { mappings })
    }

    /// The part of it that is on `sites`.
    pub(super) fn on<'a>(&'a self, sites: &'a [SiteName]) -> impl Iterator<Item = &'a Mapping> + Clone {
        self.mappings.iter().filter(|mapping| mapping.site.is_among(sites))
    }

    /// All of its rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.mappings.into_iter().flat_map(|mapping| mapping.rows).collect()
    }

    /// Each site with the time of the newest snapshot that reached the map.
    pub fn newest_snapshots(&self) -> impl Iterator<Item = (&SiteName, Option<jiff::Timestamp>)> {
        self.mappings.iter().map(|mapping| (&mapping.site, mapping.newest_snapshot_at))
    }
}
