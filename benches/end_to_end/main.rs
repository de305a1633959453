//! What a sync costs, from its first request to its exit, beside scripts that do the same:
//!
//! ```text
//! cargo bench --locked --bench end_to_end                          1k, 10k and 100k resources
//! cargo bench --locked --bench end_to_end -- 1M                    other sizes
//! cargo bench --locked --bench end_to_end -- 100k without-latency  not with 80 ms a call
//! cargo bench --locked --bench end_to_end -- snowflake             statements and bytes to Snowflake's emulator, alone
//! ```
//!
//! `TABMAP_BENCH_BINARY` names another `tabmap`, such as that of an older release.
//!
//! The simulated Tableau server is a process of its own. `tabmap` and the scripts of `benches/peers` take turns, so
//! that what else the machine does meets both: trust the ratios more than the times.

#![expect(clippy::print_stdout, reason = "a benchmark has no other result")]

mod measure;
mod peers;
mod snowflake;
mod tableau;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use self::measure::{Usage, median};
use self::peers::Peers;
use self::tableau::{SITE, Tableau};

/// In milliseconds.
const LATENCY: u64 = 80;
/// The most that the Metadata API gives at once.
const PAGE: usize = 1000;
/// For `check`.
const FILES: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some(measure::WORD) => return measure::serve(&words[1..]),
        Some(tableau::WORD) => return tableau::serve(words.get(1).ok_or("how many?")?.parse()?),
        _ => {}
    }
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    if has("snowflake") {
        return snowflake::run();
    }
    let mut sizes: Vec<usize> = words.iter().filter_map(|word| size_of(word)).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    let peers = Peers::find();
    if peers.is_none() {
        println!("{}", peers::HOW);
    }
    for size in sizes {
        let mut table = Table { size, tableau: Tableau::start(size)?, folder: TempDir::new()? };
        table.without_latency(peers.as_ref())?;
        if !has("without-latency") {
            table.with_latency()?;
        }
    }
    Ok(())
}

/// `10k` or `1M`.
fn size_of(word: &str) -> Option<usize> {
    let (number, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let number: usize = number.parse().ok()?;
    match unit {
        "k" => Some(number * 1_000),
        "M" => Some(number * 1_000_000),
        _ => None,
    }
}

/// The measurements of one size.
struct Table {
    size: usize,
    tableau: Tableau,
    folder: TempDir,
}

impl Table {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(measure::tabmap());
        let (name, secret) = &self.tableau.token;
        command.args(words).env_clear();
        command.env("TABLEAU_SERVER", &self.tableau.url).env("TABLEAU_SITE", SITE);
        command.env("TABLEAU_PAT_NAME", name).env("TABLEAU_PAT_SECRET", secret);
        command
    }

    fn tabmap(&self, words: &[&str], exit: i32) -> Result<Usage, Box<dyn Error>> {
        measure::run(&self.command(words), exit, self.folder.path())
    }

    /// An empty map.
    fn begin(&self) -> Result<(), Box<dyn Error>> {
        for file in ["tabmap.db", "tabmap.db-wal", "tabmap.db-shm"] {
            let _ = fs::remove_file(self.folder.path().join(file));
        }
        self.tabmap(&["init"], 0).map(drop)
    }

    /// How often each is measured.
    fn rounds(&self) -> usize {
        match self.size {
            0..=10_000 => 5,
            10_001..=100_000 => 3,
            _ => 1,
        }
    }

    fn without_latency(&mut self, peers: Option<&Peers>) -> Result<(), Box<dyn Error>> {
        println!("\n{} resources, no latency", self.size);
        println!("{:<38} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "CPU s", "wall s", "MB", "requests", "MB sent");
        let (mut first, mut unchanged, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        let (mut listing, mut evidence) = (Vec::new(), Vec::new());
        let mut traffic = [(0, 0); 3];
        for _ in 0..self.rounds() {
            self.begin()?;
            self.tableau.traffic()?;
            first.push(self.tabmap(&["sync"], 0)?);
            traffic[0] = self.tableau.traffic()?;
            unchanged.push(self.tabmap(&["sync"], 0)?);
            traffic[1] = self.tableau.traffic()?;
            self.tableau.ask(&format!("rename {}", self.size / 100))?;
            changed.push(self.tabmap(&["sync"], 0)?);
            traffic[2] = self.tableau.traffic()?;
            if let Some(peers) = peers {
                listing.push(peers.run("listing_only.py", &self.tableau, self.folder.path())?);
                if self.size <= 100_000 {
                    evidence.push(peers.run("same_evidence.py", &self.tableau, self.folder.path())?);
                }
            }
        }
        let (first, unchanged, changed) = (median(first), median(unchanged), median(changed));
        line("sync, first", first, Some(traffic[0]));
        line("sync, unchanged", unchanged, Some(traffic[1]));
        line("sync, 1 % changed", changed, Some(traffic[2]));
        self.readers()?;
        if !listing.is_empty() {
            let listing = median(listing);
            line("tableauserverclient, listing alone", listing, None);
            println!("  CPU, unchanged : listing alone      {:.2}", ratio(unchanged, listing));
            println!("  CPU, first     : listing alone      {:.2}", ratio(first, listing));
            if !evidence.is_empty() {
                let evidence = median(evidence);
                line("tableauserverclient, same evidence", evidence, None);
                println!("  CPU, same evidence : first          {:.1}", ratio(evidence, first));
            }
        }
        Ok(())
    }

    /// The commands that read the map.
    fn readers(&mut self) -> Result<(), Box<dyn Error>> {
        let name = self.tableau.ask("name")?;
        let resolve = ["resolve", "workbook", &name];
        let resolved = (0..self.rounds().max(3)).map(|_| self.tabmap(&resolve, 0));
        line("resolve", median(resolved.collect::<Result<_, _>>()?), None);
        write_files(&self.folder.path().join("repository"), &name)?;
        let check = ["check", "--offline", "repository"];
        // The calls name no project, which is an error.
        let checked = (0..self.rounds()).map(|_| self.tabmap(&check, 3));
        line("check --offline, 1,000 files", median(checked.collect::<Result<_, _>>()?), None);
        self.tableau.traffic().map(drop)
    }

    fn with_latency(&mut self) -> Result<(), Box<dyn Error>> {
        self.tableau.ask(&format!("latency {LATENCY}"))?;
        self.begin()?;
        self.tabmap(&["sync"], 0)?;
        self.tableau.traffic()?;
        let used = self.tabmap(&["sync"], 0)?;
        let traffic = self.tableau.traffic()?;
        self.tableau.ask("latency 0")?;
        println!("\n{} resources, {LATENCY} ms", self.size);
        line("sync, unchanged", used, Some(traffic));
        let datasources = self.size / 4;
        let pages = (self.size - datasources).div_ceil(PAGE) + datasources.div_ceil(PAGE);
        #[expect(clippy::cast_precision_loss, reason = "some hundred pages")]
        let least = pages as f64 * LATENCY as f64 / 1000.0;
        let wall = used.wall.as_secs_f64();
        println!("  wall : {pages} metadata pages x {LATENCY} ms     {:.2}", wall / least);
        Ok(())
    }
}

/// Files with a reference each.
fn write_files(folder: &Path, name: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for number in 0..FILES {
        let text = format!(
            "-- {number}\nCALL API__TABLEAU__REFRESH_RESOURCE('workbook', '{name}', NULL, '{SITE}');\n{}",
            "SELECT a, b, c FROM orders WHERE day = CURRENT_DATE;\n".repeat(100)
        );
        fs::write(folder.join(format!("{number}.sql")), text)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn line(what: &str, used: Usage, traffic: Option<(u64, u64)>) {
    let Usage { wall, cpu, memory } = used;
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    let (requests, sent) =
        traffic.map_or_else(Default::default, |(requests, bytes)| (requests.to_string(), megabytes(bytes)));
    let (cpu, wall, memory) = (cpu.as_secs_f64(), wall.as_secs_f64(), megabytes(memory));
    println!("{what:<38} {cpu:>9.3} {wall:>9.3} {memory:>9} {requests:>9} {sent:>9}");
}

fn ratio(one: Usage, other: Usage) -> f64 {
    one.cpu.as_secs_f64() / other.cpu.as_secs_f64()
}
