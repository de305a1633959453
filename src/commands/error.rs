//! Why a command stopped, and the exit code that says so.

use std::io::ErrorKind;
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
use crate::serve::listen_address::ListenAddress;
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
    #[error("{unresolved} of {all} targets do not match exactly one resource; nothing was started")]
    #[diagnostic(code(tabmap::refresh::unresolved), help("the errors above explain each of them"))]
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
    #[error("{store} has no run for the server {server}")]
    #[diagnostic(
        code(tabmap::init::rename_server),
        help("`tabmap sync` names the server of the map in its error")
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
    #[error("interrupted; each run is applied completely or not at all")]
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
    #[error("the search of the files stopped early")]
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
            "only the rows of a site that was deleted, suspended or locked in Tableau can be removed, or of one that nobody \
             can sign in to any more"
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
    #[diagnostic(code(tabmap::serve::listen), help("{}", listen_remedy(source)))]
    Listen {
        /// The address.
        address: ListenAddress,
        /// Why.
        source: std::io::Error,
    },
    /// Two would do the work twice.
    #[error("another `tabmap serve` uses the queue in `{}`", path.display())]
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

fn listen_remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => "another program uses the port: choose another one with `--listen HOST:PORT`",
        ErrorKind::PermissionDenied => "this user may not use the port: choose one from 1024 on",
        _ => {
            "the host must be a name or an address of this machine: `--listen 127.0.0.1:8080` listens for this machine alone"
        }
    }
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
