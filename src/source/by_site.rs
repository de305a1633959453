//! Several sites, each asked in its own way and in a session of its own.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Source, SourceError};
use crate::mapping::Mapping;
use crate::resource::{ListedSite, SiteName};
use crate::snapshot::Snapshot;

/// A source for each site, and one for all others.
pub struct BySite {
    usual: Box<dyn Source>,
    /// By the content URL in lower case.
    of_sites: BTreeMap<String, Box<dyn Source>>,
}

impl BySite {
    /// All of them are of one server.
    #[must_use]
    pub fn new(usual: Box<dyn Source>, of_sites: Vec<(SiteName, Box<dyn Source>)>) -> Self {
        let of_sites = of_sites.into_iter().map(|(site, source)| (site.folded(), source));
        Self { usual, of_sites: of_sites.collect() }
    }

    /// One of those that no sign-in ties to the server. There may be several, of one repository.
    fn unproven(&self) -> Option<&dyn Source> {
        let all = self.of_sites.values().chain([&self.usual]).map(AsRef::as_ref);
        all.into_iter().find(|source| source.other_server(0).is_some())
    }

    fn of(&self, site: &SiteName) -> &dyn Source {
        self.of_sites.get(&site.folded()).unwrap_or(&self.usual).as_ref()
    }
}

#[async_trait]
impl Source for BySite {
    fn name(&self) -> &'static str {
        self.usual.name()
    }

    fn server(&self) -> String {
        self.usual.server()
    }

    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        self.of(site).snapshot(site, known).await
    }

    async fn sites(&self, at: &SiteName) -> Result<Vec<ListedSite>, SourceError> {
        self.usual.sites(at).await
    }

    fn other_server(&self, rows: usize) -> Option<SourceError> {
        self.unproven()?.other_server(rows)
    }

    async fn knows_any(&self, known: &Mapping) -> Result<bool, SourceError> {
        match self.unproven() {
            Some(source) => source.knows_any(known).await,
            None => Ok(true),
        }
    }

    fn may_overlap(&self, one: &SiteName, other: &SiteName) -> bool {
        self.of(one).may_overlap(one, other) || self.of(other).may_overlap(one, other)
    }

    async fn abort(&self) {
        self.usual.abort().await;
        for source in self.of_sites.values() {
            source.abort().await;
        }
    }
}
