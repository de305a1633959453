//! The demo as a program: starts, prints what to paste into a shell, tells the news, stays.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::Parser;
use tableau_simulator::Demo;

/// A Tableau server to try tabmap with: it is simulated, runs on this machine, and holds a small company.
///
/// Prints lines to paste into a second terminal, and runs until Ctrl-C is pressed.
#[derive(Parser)]
#[command(name = "tabmap-demo", version)]
struct Arguments {
    /// The folder to create, for the map and for files that refer to Tableau
    #[arg(default_value = "tabmap-demo")]
    folder: PathBuf,

    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let mut demo = Demo::start(&arguments.folder, arguments.port)?;
    let mut stdout = io::stdout();
    writeln!(
        stdout,
        "# Simulates a Tableau server until you press Ctrl-C. Paste this into a second terminal:"
    )?;
    write!(stdout, "{}", demo.lines())?;
    // Whoever started it may be waiting at the other end of a pipe.
    stdout.flush()?;
    loop {
        sleep(Duration::from_millis(200));
        if let Some(news) = demo.news() {
            writeln!(stdout, "\n{news}")?;
            stdout.flush()?;
        }
    }
}
