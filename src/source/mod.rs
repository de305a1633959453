//! What we ask: a source lists the resources of one site.

use async_trait::async_trait;

pub use self::error::SourceError;
use crate::mapping::Mapping;
use crate::resource::SiteName;
use crate::snapshot::Snapshot;

mod error;
mod lookup;
pub mod metadata;
mod reconcile;
pub mod recording;
pub(crate) mod rest;

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

    /// Ends what is still open after a snapshot was given up: for Ctrl-C.
    async fn abort(&self) {}
}
