//! Why a refresh did not come to an end; and what Tableau's refusals of a refresh mean, and what to do about them.
//!
//! Codes alone are read: summaries come in the language of the account (tableau/server-client-python#1339).

use jiff::Timestamp;
use miette::Diagnostic;
use thiserror::Error;

use super::ledger::LedgerError;
use crate::resolve::ResolveError;
use crate::resource::Luid;
use crate::tableau::TableauError;

/// How the codes begin that say nothing about the refresh: the session has ended, the request came too slowly, there
/// were too many of them, or the server failed.
const PASSING: [&str; 4] = ["401", "408", "429", "5"];

/// Why a refresh did not come to an end.
#[derive(Debug, Error, Diagnostic)]
pub enum RefreshError {
    /// The conversation with Tableau failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tableau(#[from] TableauError),
    /// It was deleted, or is not shown to this account any more, and nothing took its name.
    #[error(
        "{what} was deleted, or this account may not see it: Tableau shows nothing with the LUID {luid} or with that name"
    )]
    #[diagnostic(
        code(tabmap::refresh::gone),
        help("nothing was refreshed. If it was deleted, `tabmap sync` takes it out of the map")
    )]
    Gone {
        /// What was asked for.
        what: String,
        /// The LUID of the map.
        luid: Luid,
    },
    /// It was renamed or moved, and nothing took its name.
    #[error("the map is out of date: {what} with the LUID {luid} is `{now}` now")]
    #[diagnostic(
        code(tabmap::refresh::elsewhere),
        help("nothing was refreshed. Run `tabmap sync`, then use the new name, or use the LUID")
    )]
    Elsewhere {
        /// What was asked for.
        what: String,
        /// The LUID of the map.
        luid: Luid,
        /// Project and name of today.
        now: String,
    },
    /// Tableau has several resources that fit.
    #[error("the map is out of date: the LUID {luid} does not fit the name any more")]
    #[diagnostic(code(tabmap::refresh::stale), help("run `tabmap sync`, then try again"))]
    Stale {
        /// The LUID of the map.
        luid: Luid,
        /// What looking for it on Tableau came to.
        source: Box<ResolveError>,
    },
    /// Tableau refuses the refresh.
    #[error("Tableau refused the refresh: {what}")]
    #[diagnostic(code(tabmap::refresh::refused))]
    Refused {
        /// What the code means.
        what: &'static str,
        /// The remedy.
        #[help]
        help: &'static str,
        /// Tableau's words.
        source: Box<TableauError>,
    },
    /// Another job is under way, and that is to be a failure.
    #[error("a refresh of it is already queued or running")]
    #[diagnostic(
        code(tabmap::refresh::running),
        help("wait for that job with `--if-running adopt`, or skip with `--if-running skip`")
    )]
    Running,
    /// The server is too old.
    #[error("this server cannot refresh incrementally on request: its API is older than 3.25")]
    #[diagnostic(code(tabmap::refresh::incremental), help("refresh in full: leave out `--incremental`"))]
    NotIncremental,
    /// The POST got no answer, or none that holds.
    #[error("could not start the refresh")]
    #[diagnostic(
        code(tabmap::refresh::not_started),
        help("the list of jobs shows none that it could have started; run again later")
    )]
    NotStarted(#[source] TableauError),
    /// Tableau says that a job is queued, and shows none.
    #[error("Tableau says that a refresh of it is already queued, but lists no such job")]
    #[diagnostic(code(tabmap::refresh::elusive), help("run again in a minute"))]
    Elusive,
    /// The POST got no answer, and whether it started a job could not be found out.
    #[error("the answer to the start was lost, and it is not known whether a job was started")]
    #[diagnostic(
        code(tabmap::refresh::unknown),
        help("look at the jobs of the site in Tableau before you start it again")
    )]
    Unknown(#[source] TableauError),
    /// The POST got no answer, and of the jobs that it may have started not all can be told from others.
    #[error("the answer to the start was lost, and the jobs of the site do not tell whether one was started")]
    #[diagnostic(
        code(tabmap::refresh::unclear),
        help("look at the jobs of the site in Tableau before you start it again")
    )]
    Unclear,
    /// The budget does not allow for finding out which job it is.
    #[error("the budget of status requests is used up, so the job could not be identified")]
    #[diagnostic(
        code(tabmap::refresh::out_of_looks),
        help("run again later, or allow more with `polls` under `[refresh]` in tabmap.toml")
    )]
    OutOfLooks,
    /// The budget or Tableau asks for more patience than the timeout allows.
    #[error("nothing may be started before {until}: {reason}")]
    #[diagnostic(code(tabmap::refresh::deferred), help("run again after that time"))]
    Deferred {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// The process ends; what is under way continues in Tableau.
    #[error("stopped before the job ended; Tableau continues with it")]
    #[diagnostic(code(tabmap::refresh::stopped))]
    Stopped,
    /// The ledger failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
}

impl RefreshError {
    /// Tableau's error, with its meaning where refreshes give it one.
    pub(super) fn refused(error: TableauError) -> Self {
        let code = if let TableauError::Refused { code, .. } = &error { code.as_str() } else { "" };
        match meaning(code) {
            Some((what, help)) => Self::Refused { what, help, source: Box::new(error) },
            None => Self::Tableau(error),
        }
    }

    /// Tableau's part in it.
    #[must_use]
    pub fn tableau(&self) -> Option<&TableauError> {
        match self {
            Self::Tableau(error) | Self::NotStarted(error) | Self::Unknown(error) => Some(error),
            Self::Refused { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether it may have been started, so that it goes on from there and not from the start.
    #[must_use]
    pub fn may_have_started(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Unclear | Self::OutOfLooks)
    }

    /// Whether trying again later may help, without anybody changing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::NotIncremental => false,
            Self::Tableau(TableauError::Refused { code, .. }) => {
                PASSING.iter().any(|status| code.starts_with(status))
            }
            _ => true,
        }
    }
}

/// Meaning and remedy of a code; `None` for one that is not particular to refreshes.
fn meaning(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "403004" | "403000" => (
            "this user may not refresh it",
            "a refresh needs the Extract Refresh capability on the resource (before 2025.1: its owner, a project leader or an \
             administrator); give it to the user of the token, or use another user's token",
        ),
        "403032" | "403076" | "403077" => (
            "the site or the user's role does not allow it",
            "check in Tableau that the user's site role allows publishing, and that extract refreshes are enabled for the site",
        ),
        "403104" => (
            "it has live connections only, so there is no extract to refresh",
            "a live connection always shows current data: leave it out; or publish it with an extract",
        ),
        "409090" => (
            "it has no extract that could be refreshed",
            "publish it with an extract, or leave it out: a live connection always shows current data",
        ),
        "409082" => (
            "starting refreshes on request is switched off on this server",
            "an administrator can allow it in Tableau's settings (General, Run Now)",
        ),
        "400000" | "400003" => (
            "Tableau rejected the request",
            "an incremental refresh needs an extract that was set up for it: try without `--incremental`",
        ),
        _ => return None,
    })
}
