//! Why a command stopped, and the exit code that says so.

use std::net::SocketAddr;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::exit::Exit;
use crate::check::NoSuchPath;
use crate::check::baseline::BaselineError;
use crate::check::evidence::EvidenceError;
use crate::check::fix::FixError;

use crate::config::ConfigError;
use crate::refresh::RefreshError;
use crate::refresh::target::TargetsError;
use crate::report::table::NotCsv;
use crate::resolve::ResolveError;
use crate::resource::SiteName;
use crate::source::SourceError;
use crate::source::recording::RecordingError;
use crate::source::repository::error::RepositoryError;
use crate::store::StoreError;
use crate::store::snowflake::connection::ConnectionError;
use crate::store::snowflake::objects::ObjectsError;
use crate::sync::SyncError;
use crate::tableau::TableauError;

/// Why a command stopped.
#[derive(Debug, Error, Diagnostic)]
pub enum CommandError {
    /// A setting.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(#[from] ConfigError),
    /// The connection to Snowflake, as the Snowflake CLI's files describe it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connection(#[from] ConnectionError),
    /// Tableau.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tableau(#[from] TableauError),
    /// The store.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The list of sites.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// A sync of a site whose failure ends the command.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sync(#[from] SyncError),
    /// The rows of a site were not removed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    RemoveSite(#[from] RemoveSiteError),
    /// Tableau's repository.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
    /// A recording.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recording(#[from] RecordingError),
    /// What `resolve` was asked has no single answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Resolve(#[from] ResolveError),
    /// Nothing could be checked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Check(#[from] CheckError),
    /// What stands around the map in Snowflake.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Objects(#[from] ObjectsError),
    /// A file of targets.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Targets(#[from] TargetsError),
    /// Some of several targets have no single answer.
    #[error("{unresolved} of {all} targets have no single answer, nothing was started")]
    #[diagnostic(code(tabmap::refresh::unresolved), help("each is explained above"))]
    Unresolved {
        /// How many.
        unresolved: usize,
        /// Of how many.
        all: usize,
    },
    /// A refresh.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refresh(#[from] RefreshError),
    /// Serving.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Serve(#[from] ServeError),
    /// The map was never that of the server that was renamed.
    #[error("no run in {store} is of the server {server}")]
    #[diagnostic(
        code(tabmap::init::rename_server),
        help("an error about another server names the one of the map")
    )]
    NoRunOfServer {
        /// The store.
        store: String,
        /// The old name.
        server: String,
    },
    /// The configuration file that `init` writes.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Init(#[from] InitError),
    /// Flags alone.
    #[error("no command is given")]
    #[diagnostic(code(tabmap::no_command), help("`tabmap --help` shows all commands"))]
    NoCommand,
    /// Options of the output.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Options(#[from] NotCsv),
    /// Stdout.
    #[error("could not write the result")]
    #[diagnostic(code(tabmap::output))]
    Output(#[from] std::io::Error),
    /// The asynchronous runtime.
    #[error("could not start")]
    #[diagnostic(code(tabmap::runtime))]
    Runtime(#[source] std::io::Error),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; the map is as it was, or as a whole run left it")]
    #[diagnostic(code(tabmap::interrupted))]
    Interrupted,
}

impl CommandError {
    /// The exit code that says what kind of trouble it is.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Connection(_)
            | Self::Targets(_)
            | Self::Options(_)
            | Self::NoCommand
            | Self::Recording(RecordingError::Place { .. })
            | Self::Tableau(TableauError::CaBundle { .. })
            | Self::Source(
                SourceError::Tableau(TableauError::CloudListsNoSites) | SourceError::NoListOfSites { .. },
            )
            | Self::RemoveSite(RemoveSiteError::Unknown { .. })
            | Self::Repository(RepositoryError::Certificates { .. } | RepositoryError::UnusedCaFile { .. })
            | Self::Objects(ObjectsError::Setting { .. })
            | Self::Resolve(ResolveError::Usage { .. } | ResolveError::Address(_)) => Exit::Usage,
            Self::Resolve(ResolveError::Store(_)) => Exit::Failed,
            Self::Resolve(_) | Self::Unresolved { .. } => Exit::Found,
            _ => Exit::Failed,
        }
    }
}

/// Why nothing could be checked.
#[derive(Debug, Error, Diagnostic)]
pub enum CheckError {
    /// A path that is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Path(#[from] NoSuchPath),
    /// A file that could not be corrected.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fix(#[from] FixError),
    /// The findings that were known before.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Baseline(#[from] BaselineError),
    /// What to judge by could not be gathered.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Evidence(#[from] EvidenceError),
    /// The search ended before its time.
    #[error("the search of the files broke off")]
    #[diagnostic(code(tabmap::check::broke_off))]
    BrokeOff,
}

/// Why the rows of a site were not removed.
#[derive(Debug, Error, Diagnostic)]
pub enum RemoveSiteError {
    /// There is nothing to remove.
    #[error("the map has no rows of site `{site}`; nothing was removed")]
    #[diagnostic(code(tabmap::remove_site::unknown), help("{help}"))]
    Unknown {
        /// The site.
        site: SiteName,
        /// What may be meant.
        help: String,
    },
    /// It is there.
    #[error("site `{site}` is active on {server}; nothing was removed")]
    #[diagnostic(
        code(tabmap::remove_site::active),
        help(
            "the rows of a site are removed when it was deleted, suspended or locked in Tableau, or when no sign-in to it is \
             possible any more"
        )
    )]
    Active {
        /// The site.
        site: SiteName,
        /// The server.
        server: String,
    },
}

/// Serving could not begin.
#[derive(Debug, Error, Diagnostic)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("could not listen on {address}")]
    #[diagnostic(
        code(tabmap::serve::listen),
        help("another program may hold the port: choose one with `--listen ADDRESS:PORT`")
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Two would do the work twice.
    #[error("another `tabmap serve` works on the queue in `{}`", path.display())]
    #[diagnostic(
        code(tabmap::serve::taken),
        help("stop it first, or give this one another `file` under `[refresh]` in tabmap.toml")
    )]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The lock cannot be had.
    #[error("could not lock `{}`", path.display())]
    #[diagnostic(code(tabmap::serve::lock), help("this user must be able to write there"))]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No such refresh.
    #[error("no refresh with this number has failed")]
    #[diagnostic(code(tabmap::serve::retry), help("`tabmap serve --list-failed` shows them"))]
    NothingToRetry,
}

/// The configuration file could not be written.
#[derive(Debug, Error, Diagnostic)]
#[error("could not write the configuration file `{}`", path.display())]
#[diagnostic(code(tabmap::init::config_file), help("check that this user may write to the folder"))]
pub struct InitError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}
