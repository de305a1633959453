//! What we ask: a source lists the resources of one site.

use std::fmt;

use async_trait::async_trait;
use clap::ValueEnum;

pub use self::error::SourceError;
use crate::mapping::Mapping;
use crate::resource::{ListedSite, SiteName};
use crate::snapshot::Snapshot;

pub mod by_site;
mod error;
mod listings;
mod lookup;
pub mod metadata;
pub mod reconcile;
pub mod recording;
pub mod removed;
pub mod repository;
pub mod rest;
pub mod witness;

/// A way to ask Tableau what is on a site. All of them give the same map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SourceName {
    /// The Metadata API, and REST as its witness
    #[default]
    Metadata,
    /// REST alone: for servers without the Metadata API, and for users who may not use it
    Rest,
    /// Tableau Server's own PostgreSQL: without a sign-in to Tableau
    Repository,
}

impl SourceName {
    /// As people write it, and as a run row keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Rest => "rest",
            Self::Repository => "repository",
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place that knows what is on a site.
#[async_trait]
pub trait Source: Send + Sync {
    /// The `SOURCE` column of a run.
    fn name(&self) -> &'static str;

    /// The server, as [`crate::tableau::ServerUrl::identity`] prints it.
    fn server(&self) -> String;

    /// Lists one site. The snapshot says of which kinds the listing was complete; a listing that could not even
    /// begin is an error.
    ///
    /// `known` is what the map holds of the site: a live source takes a second look at what is in there and not in
    /// its listing.
    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError>;

    /// All sites of the server. Who must sign in for that does so at the site `at`.
    async fn sites(&self, _at: &SiteName) -> Result<Vec<ListedSite>, SourceError> {
        Err(SourceError::NoListOfSites { source_name: self.name() })
    }

    /// The error of a source that knows nothing of the `rows` of the map; none where a sign-in proves which server it is.
    fn other_server(&self, _rows: usize) -> Option<SourceError> {
        None
    }

    /// Whether the server has, or had, anything of what the map holds of a site.
    async fn knows_any(&self, _known: &Mapping) -> Result<bool, SourceError> {
        Ok(true)
    }

    /// Whether both sites can be listed at the same time.
    fn may_overlap(&self, _one: &SiteName, _other: &SiteName) -> bool {
        true
    }

    /// Ends what is still open after a snapshot was given up: for Ctrl-C.
    async fn abort(&self) {}
}
