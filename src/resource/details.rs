//! What Tableau tells of a resource beside its key and its LUID.

use serde::{Deserialize, Serialize};

use super::Luid;

/// What Tableau tells of a resource beside its key and its LUID. Each may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Details {
    /// The LUID of its project.
    pub project_luid: Option<Luid>,
    /// The number in its browser URL (`vizportalUrlId` in the Metadata API).
    pub vizportal_url_id: Option<String>,
    /// Its name in addresses of views (`contentUrl` in REST). It stays when the resource is renamed.
    pub content_url: Option<String>,
}

impl Details {
    /// These, with what only `older` knows. Its project is still the same only where the resource has not moved.
    #[must_use]
    pub fn or(self, older: &Self, has_moved: bool) -> Self {
        let older = older.clone();
        Self {
            project_luid: self.project_luid.or(older.project_luid.filter(|_| !has_moved)),
            vizportal_url_id: self.vizportal_url_id.or(older.vizportal_url_id),
            content_url: self.content_url.or(older.content_url),
        }
    }
}
