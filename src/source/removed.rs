//! A site that is gone: nothing is on it any more, whatever the map knows. For `sync --remove-site`.

use async_trait::async_trait;

use super::listings::now;
use super::{Source, SourceError};
use crate::mapping::Mapping;
use crate::resource::{ResourceKind, SiteName};
use crate::snapshot::{Header, Notes, Snapshot};

/// Sites of which somebody says that they are gone.
#[derive(Debug)]
pub struct RemovedSites {
    /// The server that they were on.
    pub server: String,
}

#[async_trait]
impl Source for RemovedSites {
    fn name(&self) -> &'static str {
        "removal"
    }

    fn server(&self) -> String {
        self.server.clone()
    }

    async fn snapshot(&self, _site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        let header = Header {
            server: self.server(),
            site: known.site.clone(),
            source: self.name().to_owned(),
            taken_at: now(),
            complete: ResourceKind::ALL.into(),
            notes: Notes::default(),
        };
        Ok(Snapshot::new(header, Vec::new()))
    }
}
