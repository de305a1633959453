//! The words: a site, a resource on it, what people call it ([`ResourceKey`]) and what Tableau calls it ([`ResourceId`]).

mod id;
mod key;
mod kind;
pub mod matching;
mod project;
mod site;
pub mod written;

pub use id::{Luid, ResourceId};
pub use key::{PlainKey, ResourceKey};
pub use kind::{KindFacts, PerKind, ResourceKind};
pub use project::ProjectPath;
pub use site::{InvalidSiteName, SiteName};

use crate::text::on_one_line;

/// A workbook or published data source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// What people call it.
    pub key: ResourceKey,
    /// What Tableau's APIs call it.
    pub luid: Luid,
    /// The LUID of its project, where known.
    pub project_luid: Option<Luid>,
    /// The number in its browser URL, where known (`vizportalUrlId` in the Metadata API).
    pub vizportal_url_id: Option<String>,
}

impl Resource {
    /// What Tableau assigned to it.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId { site: self.key.site.clone(), kind: self.key.kind, luid: self.luid.clone() }
    }

    /// Project and name on one line, for people: `Finance/EMEA::Weekly Sales`.
    #[must_use]
    pub fn place(&self) -> String {
        let project = self.key.project.full().unwrap_or_else(|| self.key.project.leaf().to_owned());
        on_one_line(&format!("{project}::{}", self.key.name))
    }
}
