//! One session at a time, for whichever site is asked.

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::resource::SiteName;
use crate::tableau::{Session, Tableau, TableauError};

/// Signs in to the site that is asked for and stays there until another one is.
///
/// A personal access token has one session, so refreshes on several sites take turns, a call at a time; those
/// on one site share the session.
#[derive(Debug)]
pub struct Sessions {
    tableau: Tableau,
    current: RwLock<Option<Session>>,
    metadata: Mutex<()>,
}

impl Sessions {
    /// Signs in to nothing yet.
    #[must_use]
    pub fn new(tableau: Tableau) -> Self {
        Self { tableau, current: RwLock::default(), metadata: Mutex::default() }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> String {
        self.tableau.server().identity()
    }

    /// The session on `site`. Hold it for one call: others wait for it who want another site.
    pub async fn on(&self, site: &SiteName) -> Result<RwLockReadGuard<'_, Session>, TableauError> {
        let fits = |session: &&Session| session.site().is_same_site(site);
        let current = self.current.read().await;
        if let Ok(session) = RwLockReadGuard::try_map(current, |one| one.as_ref().filter(fits)) {
            return Ok(session);
        }
        let mut current = self.current.write().await;
        // Another task may have signed in while this one waited for its turn.
        if !current.as_ref().is_some_and(|session| fits(&session)) {
            *current = None;
            *current = Some(self.tableau.sign_in(site).await?);
        }
        // Not let go in between: somebody else may wait to sign in to another site.
        let current = RwLockWriteGuard::downgrade(current);
        RwLockReadGuard::try_map(current, Option::as_ref)
            .map_err(|_| TableauError::SessionTaken { doing: format!("sign in to site `{site}`") })
    }

    /// Leaves the session to whoever took it: the next call signs in anew.
    pub async fn forget(&self, error: &TableauError) {
        if matches!(error, TableauError::SessionTaken { .. } | TableauError::SessionRefused { .. }) {
            *self.current.write().await = None;
        }
    }

    /// To be held during a metadata call: two at once on one token are met with 401.
    pub async fn metadata_turn(&self) -> MutexGuard<'_, ()> {
        self.metadata.lock().await
    }

    /// Ends the session.
    pub async fn close(&self) {
        self.current.write().await.take();
        self.tableau.sign_out().await;
    }
}
