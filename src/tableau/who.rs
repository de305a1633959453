//! Who is signed in.

use serde::Deserialize;

use super::{Session, TableauError};
use crate::resource::Luid;

/// The user of a session.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The user's LUID on this site.
    pub id: Luid,
    /// The user's name, where Tableau says.
    pub name: Option<String>,
    /// The site role, such as `SiteAdministratorExplorer`, where Tableau says.
    pub site_role: Option<String>,
}

impl Who {
    /// Whether the user administers the site or the server; `None` where the role is not known.
    #[must_use]
    pub fn is_administrator(&self) -> Option<bool> {
        Some(self.site_role.as_deref()?.contains("Administrator"))
    }
}

impl Session {
    /// Who is signed in. Asks once, in this very session: where it has ended, Tableau answers 401002.
    pub async fn who(&self) -> Result<Who, TableauError> {
        #[derive(Deserialize)]
        struct Answer {
            session: AnswerSession,
        }
        #[derive(Deserialize)]
        struct AnswerSession {
            user: Who,
        }
        let doing = "ask who is signed in";
        let url = self.tableau.server.join(&format!("/api/{}/sessions/current", self.version));
        let reply = self.once(doing, |http| http.get(url)).await?;
        Ok(self.tableau.decode::<Answer>(doing, "a session", &reply)?.session.user)
    }
}
