//! One refresh under way, with all that its steps need.

use jiff::Timestamp;
use tokio::sync::RwLockReadGuard;

use super::refresher::Refresher;
use super::{Attendant, Begun, Options, RefreshError, RefreshOutcome, Refreshed, Wanted};
use crate::resource::{Luid, ResourceKey, SiteName};
use crate::tableau::{Session, TableauError};

/// One refresh under way.
pub(super) struct Attempt<'a> {
    pub refresher: &'a Refresher,
    pub wanted: &'a Wanted,
    pub options: &'a Options,
    pub attendant: &'a dyn Attendant,
    /// What has become of it so far.
    pub refreshed: Refreshed,
}

/// What there is to wait for.
#[derive(Debug, Clone)]
pub(super) enum Under {
    /// A job.
    Job(Luid),
    /// Some job that may not be read.
    Unseen,
}

impl Refresher {
    /// Refreshes, from the start or from where it was left.
    pub async fn refresh(
        &self,
        wanted: &Wanted,
        begun: Option<Begun>,
        options: &Options,
        attendant: &dyn Attendant,
    ) -> Refreshed {
        let refreshed = Refreshed::of(wanted.resource.clone());
        let mut attempt = Attempt { refresher: self, wanted, options, attendant, refreshed };
        let result = attempt.run(begun).await;
        let mut refreshed = attempt.refreshed;
        refreshed.finished_at = Some(Timestamp::now());
        match result {
            Ok(outcome) => refreshed.outcome = outcome,
            Err(error) => {
                if let Some(error) = error.tableau() {
                    self.sessions.forget(error).await;
                }
                refreshed.error = Some(error);
            }
        }
        refreshed
    }
}

impl Attempt<'_> {
    /// From the start, or from where it was left, to the end.
    pub(super) async fn run(&mut self, begun: Option<Begun>) -> Result<RefreshOutcome, RefreshError> {
        let under = match begun {
            Some(Begun::Running { luid, job, since }) => {
                self.refreshed.luid = luid;
                self.refreshed.since = Some(since);
                self.refreshed.job = Some(job.clone());
                Some(Under::Job(job))
            }
            Some(Begun::Starting { luid, since }) => {
                self.refreshed.luid = luid;
                self.refreshed.since = Some(since);
                self.start(true).await?
            }
            None => self.start(false).await?,
        };
        match under {
            None => Ok(RefreshOutcome::Skipped),
            Some(under) if self.options.wait => self.wait(under).await,
            Some(_) => Ok(RefreshOutcome::Started),
        }
    }

    pub(super) fn site(&self) -> &SiteName {
        &self.key().site
    }

    pub(super) fn key(&self) -> &ResourceKey {
        &self.refreshed.mapped.key
    }

    /// The server's clock before the POST.
    pub(super) fn since(&self) -> Timestamp {
        self.refreshed.since.unwrap_or_else(Timestamp::now)
    }

    /// The session on the site. Hold it for one call.
    pub(super) async fn session(&self) -> Result<RwLockReadGuard<'_, Session>, TableauError> {
        self.refresher.sessions.on(self.site()).await
    }

    /// Leaves a session that was refused.
    pub(super) async fn forget(&self, error: &TableauError) {
        self.refresher.sessions.forget(error).await;
    }
}
