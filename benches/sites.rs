//! How much faster several sites are synced at once: 8 sites of 10,000 resources, a connected app, and 80 ms more for each
//! answer of Tableau. The map is filled one site after the other, and then with all sites at once.
//!
//! ```text
//! cargo bench --locked --bench sites [-- SITES RESOURCES MILLISECONDS]
//! ```

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tableau_simulator::{Content, Generate, Options, Simulator};
use tempfile::TempDir;

/// At most this part of the time of one site after the other.
const LIMIT: f64 = 0.35;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds flags of its own.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, usual: usize| numbers.get(at).copied().unwrap_or(usual);
    let (sites, resources, milliseconds) = (number(0, 8), number(1, 10_000), number(2, 80));

    let generate = Generate {
        sites,
        projects: 40,
        workbooks: resources - resources / 3,
        datasources: resources / 3,
        ..Generate::default()
    };
    let tableau = Simulator::start(Options { content: Content::generate(&generate), ..Options::default() })?;
    tableau.set_latency(Duration::from_millis(milliseconds as u64));
    let mut say = std::io::stdout();
    writeln!(say, "{sites} sites of {resources}, {milliseconds} ms more for each answer")?;
    let alone = fill(&tableau, 1)?;
    writeln!(say, "one after the other  {alone:.1?}")?;
    let mut best = f64::INFINITY;
    for parallel in [4, sites] {
        let together = fill(&tableau, parallel)?;
        let part = together.as_secs_f64() / alone.as_secs_f64();
        best = best.min(part);
        writeln!(say, "{parallel} at once            {together:.1?}, {part:.2} of that")?;
    }
    assert!(best <= LIMIT, "that is more than {LIMIT}");
    Ok(())
}

/// How long a backfill of all sites takes.
fn fill(tableau: &Simulator, parallel: usize) -> Result<Duration, Box<dyn Error>> {
    let folder = TempDir::new()?;
    let (options, app) = (tableau.options(), &tableau.options().connected_app);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabmap"));
    command.args(["backfill", "--all-sites", "--parallel", &parallel.to_string()]).env_clear();
    command.current_dir(folder.path()).env("TABLEAU_SERVER", tableau.url()).env("TABLEAU_SITE", "MySite");
    command.env("TABLEAU_JWT_CLIENT_ID", &app.client_id).env("TABLEAU_JWT_SECRET_ID", &app.secret_id);
    command.env("TABLEAU_JWT_SECRET", &app.secret).env("TABLEAU_JWT_USERNAME", &options.username);
    let begun = Instant::now();
    let ended = command.stdout(Stdio::null()).status()?;
    assert!(ended.success(), "the map was filled");
    Ok(begun.elapsed())
}
