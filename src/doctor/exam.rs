//! What an examination is given, and what its checks learn for those that follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use miette::Diagnostic;

use super::outcome::CheckOutcome;
use crate::resource::{ResourceKind, SiteName};
use crate::source::metadata::Survey;
use crate::source::witness::Witness;
use crate::source::{Source, SourceName};
use crate::store::inspect::{Clock, Inspect, RunGroup};
use crate::tableau::{Credentials, Greeting, Session, SignIns, Tableau, TableauError, Who};

/// Why a setting cannot be used.
pub type Trouble = Box<dyn Diagnostic + Send + Sync>;

/// What an examination is given: settings, each as far as it can be used.
pub struct Given {
    /// The settings that somebody made, a line each; secrets by name alone.
    pub settings: Vec<String>,
    /// The server. Its credentials count only where [`Given::sign_ins`] are there too.
    pub tableau: Result<Tableau, Trouble>,
    /// The ways to sign in.
    pub sign_ins: Result<SignIns, Trouble>,
    /// The sites.
    pub sites: Result<Vec<SiteName>, Trouble>,
    /// Where the map is.
    pub store: Result<Arc<dyn Inspect>, Trouble>,
    /// How a sync would ask Tableau what is on a site.
    pub source: SourceName,
    /// Tableau's repository, where a site is read from it.
    pub repository: Option<Result<Box<dyn Source>, Trouble>>,
    /// Whether a sync signs in to Tableau for some site.
    pub needs_sign_in: bool,
    /// How old the last complete sync may be.
    pub max_age: SignedDuration,
}

/// One examination under way.
pub struct Exam {
    pub(super) given: Given,
    /// What the server said first.
    pub(super) greeting: Option<Result<Greeting, TableauError>>,
    /// The session on the site that is looked at.
    pub(super) session: Option<Session>,
    /// Its user.
    pub(super) who: Option<Who>,
    /// What the Metadata API lists there.
    pub(super) surveys: BTreeMap<ResourceKind, Survey>,
    /// What REST lists there.
    pub(super) witness: Option<Witness>,
    /// The store's clock.
    pub(super) clock: Option<Clock>,
    /// Whether an older release made the tables.
    pub(super) has_old_tables: bool,
    /// The runs in the store.
    pub(super) groups: Option<Vec<RunGroup>>,
}

impl Exam {
    /// The way to sign in to a site.
    pub(super) fn credentials(&self, site: &SiteName) -> Option<&Credentials> {
        self.given.sign_ins.as_ref().ok()?.to(site)
    }

    /// An examination; nothing is sent yet.
    #[must_use]
    pub fn new(given: Given) -> Self {
        Self {
            given,
            greeting: None,
            session: None,
            who: None,
            surveys: BTreeMap::new(),
            witness: None,
            clock: None,
            has_old_tables: false,
            groups: None,
        }
    }

    /// The server, for checks that need `tableau-server`.
    pub(super) fn tableau(&self) -> Result<&Tableau, CheckOutcome> {
        self.given.tableau.as_ref().map_err(|_| nothing("the server"))
    }

    /// The session, for checks that need `sign-in`.
    pub(super) fn session(&self) -> Result<&Session, CheckOutcome> {
        self.session.as_ref().ok_or_else(|| nothing("a session"))
    }

    /// The store, for checks that need `store`.
    pub(super) fn store(&self) -> Result<Arc<dyn Inspect>, CheckOutcome> {
        self.given.store.as_ref().map(Arc::clone).map_err(|_| nothing("store"))
    }

    /// The store, whose tables can be read.
    pub(super) fn store_with_tables(&self) -> Result<Arc<dyn Inspect>, CheckOutcome> {
        if self.has_old_tables {
            return Err(CheckOutcome::skipped("the tables must be brought up to date first"));
        }
        self.store()
    }

    /// Ends what is still open.
    pub async fn close(&mut self) {
        self.session = None;
        if let Ok(tableau) = &self.given.tableau {
            tableau.sign_out().await;
        }
        if let Ok(store) = &self.given.store {
            store.abort().await;
            // A session that cannot be closed ends by itself.
            if let Err(error) = store.close().await {
                tracing::debug!(reason = %error, "could not close the store's session");
            }
        }
    }
}

/// What a check says that was made without one that it needs.
fn nothing(what: &str) -> CheckOutcome {
    CheckOutcome::skipped(format!("there is no {what} to check"))
}
