//! The `tabmap` command: parses, runs, prints the error, returns the exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tabmap::commands::{self, Cli};
use tabmap::report;

fn main() -> ExitCode {
    let cli = Cli::parse();
    report::start_logging(&cli.logging);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report::print_error(&commands::CommandError::Runtime(error));
            return commands::Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(commands::run(cli)).unwrap_or_else(|error| {
        report::print_error(&error);
        error.exit()
    });
    // A thread may still wait for a SQLite file that another program holds.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit.into()
}
