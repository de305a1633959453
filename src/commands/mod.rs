//! One file per command: its flags, its help, what it wires together. No other logic lives here.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use miette::Diagnostic;
use thiserror::Error;

use self::open::open_store;
use crate::config::{Config, ConfigError, Environment, Flags, named_file};
use crate::refresh::RefreshError;
use crate::refresh::target::TargetsError;
use crate::report::Logging;
use crate::resolve::ResolveError;
use crate::source::Source;
use crate::source::recording::RecordingError;
use crate::store::snowflake::connection::ConnectionError;
use crate::store::snowflake::objects::ObjectsError;
use crate::store::{Store, StoreError};
use crate::tableau::TableauError;

mod backfill;
mod check;
mod init;
mod list;
mod open;
mod refresh;
mod resolve;
mod serve;
mod sync;

/// Keeps a table that maps what people call a Tableau resource to its current LUID.
#[derive(Debug, Parser)]
#[command(name = "tabmap", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
    /// What the log says and how.
    #[command(flatten)]
    pub logging: Logging,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 could not do its work; 2 usage or configuration; 3 found something \
                          (`sync --dry-run --exit-code`: changes; `resolve` and `refresh`: unknown or ambiguous; \
                          `check`: errors); 4 done, but a listing was incomplete and only what is surely gone was \
                          removed; 5 a refresh job failed; 6 gave up waiting for one.";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Sync(sync::Sync),
    Backfill(backfill::Backfill),
    Resolve(resolve::Resolve),
    List(list::List),
    Check(check::Check),
    Refresh(refresh::Refresh),
    Serve(serve::Serve),
}

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: could not do its work.
    Failed,
    /// 2: usage or configuration.
    Usage,
    /// 3: found something: `sync --dry-run --exit-code` has changes, `resolve` and `refresh` have no single answer,
    /// `check` has findings of severity error.
    Found,
    /// 4: done, but a listing was incomplete: of that kind only what REST says is gone was removed.
    Incomplete,
    /// 5: a refresh job failed.
    RefreshFailed,
    /// 6: gave up waiting.
    GaveUp,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Found => 3,
            Exit::Incomplete => 4,
            Exit::RefreshFailed => 5,
            Exit::GaveUp => 6,
        })
    }
}

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
    Check(#[from] check::CheckError),
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
    Serve(#[from] serve::ServeError),
    /// The configuration file that `init` writes.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Init(#[from] init::InitError),
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
            | Self::Recording(RecordingError::Place { .. })
            | Self::Tableau(TableauError::CaBundle { .. })
            | Self::Objects(ObjectsError::Setting { .. })
            | Self::Resolve(ResolveError::Usage { .. } | ResolveError::Address(_)) => Exit::Usage,
            Self::Resolve(ResolveError::Store(_)) => Exit::Failed,
            Self::Resolve(_) | Self::Unresolved { .. } => Exit::Found,
            _ => Exit::Failed,
        }
    }
}

/// Runs the command that `cli` names.
pub async fn run(cli: Cli) -> Result<Exit, CommandError> {
    let flags = &cli.flags;
    let environment = Environment::of_process();
    if let Command::Init(command) = cli.command {
        let named = named_file(flags, &environment);
        return command.run(&Config::load_before_init(flags, environment)?, flags, named).await;
    }
    let config = Config::load(flags, environment)?;
    match cli.command {
        Command::Init(_) => unreachable!("run above"),
        Command::Sync(command) => command.run(&config).await,
        Command::Backfill(command) => command.run(&config).await,
        Command::Resolve(command) => command.run(&config).await,
        Command::List(command) => command.run(&config).await,
        Command::Check(command) => command.run(&config).await,
        Command::Refresh(command) => command.run(&config).await,
        Command::Serve(command) => command.run(&config).await,
    }
}

/// Does `work` with the store, and with a source if there is one, and ends their sessions whatever comes of it:
/// success, failure or Ctrl-C.
async fn with_store<T>(
    config: &Config,
    source: Option<&dyn Source>,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let store = open_store(config)?;
    let result = tokio::select! {
        result = work(store.as_ref()) => result,
        () = interrupted() => {
            store.abort().await;
            if let Some(source) = source {
                source.abort().await;
            }
            Err(CommandError::Interrupted)
        }
    };
    // What was done is done; a session that cannot be closed ends by itself.
    if let Err(error) = store.close().await {
        tracing::debug!(reason = %error, "could not close the store's session");
    }
    result
}

/// Completes when the process is asked to stop.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
