//! One file per command: its flags, its help, what it wires together. No other logic lives here. What the commands share is
//! in `open`, `in_store`, `sites`, `error` and `exit`.

use clap::{CommandFactory as _, Parser, Subcommand};

pub use self::error::CommandError;
pub use self::exit::Exit;
use self::generate::Generate;
use crate::config::{Config, Environment, Flags, named_file};
use crate::report::{self, Logging};

mod backfill;
mod check;
mod config;
mod doctor;
mod error;
mod exit;
mod generate;
mod history;
mod in_store;
mod init;
mod list;
mod open;
mod refresh;
mod remove_site;
mod resolve;
mod serve;
mod since;
mod sites;
mod sync;
mod version;

/// Keeps a table that maps what people call a Tableau resource to its current LUID.
#[derive(Debug, Parser)]
#[command(name = "tabmap", version, long_version = version::long(), propagate_version = true, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print the man page, or the completions of a shell, and do nothing else
    #[arg(long, value_enum, value_name = "WHAT", exclusive = true)]
    generate: Option<Generate>,
    #[command(flatten)]
    flags: Flags,
    /// What the log says and how.
    #[command(flatten)]
    pub logging: Logging,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 could not do its work; 2 usage or configuration; 3 found something \
                          (`sync --dry-run --exit-code`: changes; `resolve`, `history` and `refresh`: unknown or ambiguous; \
                          `check`: errors; `doctor`: a problem); 4 done, but a listing was incomplete and only what is surely gone was \
                          removed; 5 a refresh job failed; 6 gave up waiting for one.";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Sync(sync::Sync),
    Backfill(backfill::Backfill),
    Resolve(resolve::Resolve),
    List(list::List),
    History(history::History),
    Check(check::Check),
    Refresh(refresh::Refresh),
    Serve(serve::Serve),
    Doctor(doctor::Doctor),
    #[command(name = "config")]
    ShowConfig(config::ShowConfig),
}

/// Runs the command that `cli` names.
pub async fn run(cli: Cli) -> Result<Exit, CommandError> {
    if let Some(generate) = cli.generate {
        report::print(&generate.text(Cli::command())?)?;
        return Ok(Exit::Done);
    }
    let command = cli.command.ok_or(CommandError::NoCommand)?;
    let flags = &cli.flags;
    let environment = Environment::of_process();
    if let Command::Init(command) = command {
        let named = named_file(flags, &environment);
        return command.run(&Config::load_before_init(flags, environment)?, flags, named).await;
    }
    let config = Config::load(flags, environment)?;
    match command {
        Command::Init(_) => unreachable!("run above"),
        Command::Sync(command) => command.run(&config).await,
        Command::Backfill(command) => command.run(&config).await,
        Command::Resolve(command) => command.run(&config).await,
        Command::List(command) => command.run(&config).await,
        Command::History(command) => command.run(&config).await,
        Command::Check(command) => command.run(&config).await,
        Command::Refresh(command) => command.run(&config).await,
        Command::Serve(command) => command.run(&config).await,
        Command::Doctor(command) => command.run(&config, flags).await,
        Command::ShowConfig(command) => command.run(flags, &config.environment),
    }
}
