//! What we say: findings and their formats, the one door to stdout, and the log on stderr.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use jiff::Timestamp;
use miette::Diagnostic;
use serde::Serialize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::diff::{Change, ChangeSet, Counts};
use crate::resource::{Resource, ResourceKind, SiteName};
use crate::snapshot::Header;

/// The version of every JSON document that this tool prints; raised when a field changes its meaning or goes.
pub const FORMAT_VERSION: u32 = 1;

/// How many changes of a site the text report spells out.
const MOST_CHANGES_SHOWN: usize = 20;

/// The form of a command's result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: a document with a `format_version`.
    Json,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For orchestrators: one JSON object a line.
    Json,
}

/// What the log says and how.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Logging {
    /// Say more on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Log")]
    verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Log")]
    quiet: bool,
    /// Form of the log on stderr
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Log")]
    log_format: LogFormat,
}

/// Starts the log on stderr.
///
/// Only this program's own messages pass: `snowflake_api` writes session tokens to its debug log.
pub fn start_logging(logging: &Logging) {
    let level = match (logging.quiet, logging.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target("tabmap", level);
    let registry = tracing_subscriber::registry().with(ours);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match logging.log_format {
        LogFormat::Text => registry.with(layer.with_ansi(io::stderr().is_terminal()).with_target(false)).init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
}

/// Writes a command's result to stdout. A reader that closed the pipe has read enough.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a document to stdout.
pub fn print_json(document: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    print(&text)
}

/// Writes an error to stderr: what was being done, each cause, and the remedy.
pub fn print_error(error: &dyn Diagnostic) {
    // Nothing is left to be done when stderr is closed.
    let _ = io::stderr().lock().write_all(describe(error).as_bytes());
}

/// An error with its causes and its remedy.
#[must_use]
pub fn describe(error: &dyn Diagnostic) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Wrapping errors often repeat the words of what they wrap.
        if !said.contains(words.trim_end()) {
            let _ = writeln!(text, "  because: {}", words.trim_end());
        }
        said = words;
        cause = error.source();
    }
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  help: {help}");
    }
    text
}

/// How the work on one site ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The map says what the site says; nothing was to be written.
    Unchanged,
    /// The changes were applied.
    Applied,
    /// A dry run: these changes would be applied.
    Planned,
    /// Another run was faster and newer; nothing was to be done.
    Superseded,
    /// It could not be done; nothing was written.
    Failed,
}

/// What a sync says of one site.
#[derive(Debug, Serialize)]
pub struct SiteReport {
    site: SiteName,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether both kinds were listed completely.
    pub complete: bool,
    run_id: Option<String>,
    source: Option<String>,
    snapshot_at: Option<Timestamp>,
    workbooks: u64,
    datasources: u64,
    counts: Counts,
    lagging: u64,
    ghosts: u64,
    skipped: u64,
    rows_written: u64,
    changes: Vec<ChangeReport>,
    ambiguous: Vec<Vec<ResourceReport>>,
    warnings: Vec<String>,
    error: Option<String>,
}

impl SiteReport {
    /// A site whose snapshot was compared with the map.
    #[must_use]
    pub fn of(set: &ChangeSet, outcome: Outcome, run_id: Option<String>, rows_written: u64) -> Self {
        let Header { server: _, site, source, taken_at, complete: _, notes } = &set.snapshot;
        Self {
            site: site.clone(),
            outcome,
            complete: set.snapshot.is_complete(),
            run_id,
            source: Some(source.clone()),
            snapshot_at: Some(*taken_at),
            workbooks: set.workbooks,
            datasources: set.datasources,
            counts: set.counts(),
            lagging: notes.lagging,
            ghosts: notes.ghosts,
            skipped: notes.skipped,
            rows_written,
            changes: set.changes.iter().map(ChangeReport::of).collect(),
            ambiguous: set
                .ambiguous
                .iter()
                .map(|ambiguity| ambiguity.candidates.iter().map(ResourceReport::of).collect())
                .collect(),
            warnings: notes.warnings.clone(),
            error: None,
        }
    }

    /// A site that could not be synced.
    #[must_use]
    pub fn failed(site: &SiteName, error: &dyn Diagnostic) -> Self {
        Self {
            site: site.clone(),
            outcome: Outcome::Failed,
            complete: false,
            run_id: None,
            source: None,
            snapshot_at: None,
            workbooks: 0,
            datasources: 0,
            counts: Counts::default(),
            lagging: 0,
            ghosts: 0,
            skipped: 0,
            rows_written: 0,
            changes: Vec::new(),
            ambiguous: Vec::new(),
            warnings: Vec::new(),
            error: Some(describe(error)),
        }
    }

    /// Whether anything changed or would.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty() || self.counts.corrected > 0
    }

    fn text(&self, out: &mut String) {
        let site = &self.site;
        if self.outcome == Outcome::Failed {
            let _ = writeln!(out, "{site}: failed, nothing was written");
            return;
        }
        let _ = writeln!(
            out,
            "{site}: {}, {}{}",
            plural(self.workbooks, "workbook"),
            plural(self.datasources, "data source"),
            if self.complete { "" } else { " (listing incomplete: nothing is removed)" },
        );
        for change in self.changes.iter().take(MOST_CHANGES_SHOWN) {
            change.text(out);
        }
        if self.changes.len() > MOST_CHANGES_SHOWN {
            let rest = self.changes.len() - MOST_CHANGES_SHOWN;
            let _ = writeln!(out, "  ... and {} (`--format json` shows all)", plural(rest as u64, "more change"));
        }
        for candidates in &self.ambiguous {
            let [first, ..] = candidates.as_slice() else { continue };
            let paths: Vec<_> = candidates.iter().map(|one| format!("`{}`", one.place())).collect();
            let _ = writeln!(
                out,
                "  ambiguous: {} `{}` in project `{}` is in {}",
                first.kind,
                first.name,
                first.project_name,
                paths.join(" and ")
            );
        }
        let noticed: Vec<_> = [
            (self.lagging, "taken from REST because the Metadata API lags behind"),
            (self.ghosts, "left out because only the Metadata API still lists them"),
            (self.skipped, "skipped (Personal Space, or without LUID or name)"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        for line in noticed.iter().chain(&self.warnings) {
            let _ = writeln!(out, "  note: {line}");
        }
        let Counts { added, replaced, moved, removed, corrected } = self.counts;
        let counts = format!(
            "{added} added, {replaced} replaced, {moved} moved, {removed} removed, {corrected} corrected"
        );
        let end = match self.outcome {
            Outcome::Unchanged => "unchanged: no row of the map was written".to_owned(),
            Outcome::Applied => format!("{counts}; {} written", plural(self.rows_written, "row")),
            Outcome::Planned => format!("dry run: {counts}; nothing was written"),
            Outcome::Superseded => {
                "the map already holds the result of a newer snapshot; nothing was written".to_owned()
            }
            Outcome::Failed => return,
        };
        let _ = writeln!(out, "  {end}");
    }
}

/// One change of a site.
#[derive(Debug, Serialize)]
struct ChangeReport {
    change: &'static str,
    before: Option<ResourceReport>,
    after: Option<ResourceReport>,
}

impl ChangeReport {
    fn of(change: &Change) -> Self {
        let (before, after) = change.sides();
        Self {
            change: change.word(),
            before: before.map(ResourceReport::of),
            after: after.map(ResourceReport::of),
        }
    }

    fn text(&self, out: &mut String) {
        let line = match (&self.before, &self.after) {
            (Some(before), Some(after)) if before.luid == after.luid => {
                format!("{} `{}` -> `{}`  {}", after.kind, before.place(), after.place(), after.luid)
            }
            (Some(before), Some(after)) => {
                format!("{} `{}`  {} -> {}", after.kind, after.place(), before.luid, after.luid)
            }
            (Some(one), None) | (None, Some(one)) => format!("{} `{}`  {}", one.kind, one.place(), one.luid),
            (None, None) => return,
        };
        let _ = writeln!(out, "  {:<8} {line}", self.change);
    }
}

/// A resource in a document.
#[derive(Debug, Clone, Serialize)]
pub struct ResourceReport {
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// The site.
    pub site: SiteName,
    /// The leaf project.
    pub project_name: String,
    /// From the root down, where known.
    pub project_path: Option<String>,
    /// The name.
    pub name: String,
    /// The LUID.
    pub luid: String,
    /// The project's LUID, where known.
    pub project_luid: Option<String>,
    /// The number in the browser URL, where known.
    pub vizportal_url_id: Option<String>,
}

impl ResourceReport {
    /// A resource as documents show it.
    #[must_use]
    pub fn of(resource: &Resource) -> Self {
        let Resource { key, luid, project_luid, vizportal_url_id } = resource;
        Self {
            kind: key.kind,
            site: key.site.clone(),
            project_name: key.project.leaf().to_owned(),
            project_path: key.project.full(),
            name: key.name.clone(),
            luid: luid.to_string(),
            project_luid: project_luid.as_ref().map(ToString::to_string),
            vizportal_url_id: vizportal_url_id.clone(),
        }
    }

    /// Project and name on one line.
    #[must_use]
    pub fn place(&self) -> String {
        let project = self.project_path.as_ref().unwrap_or(&self.project_name);
        format!("{project}::{}", self.name).escape_debug_controls()
    }
}

/// Names may hold line ends and control characters; a report keeps to its lines and to its terminal.
trait EscapeControls {
    fn escape_debug_controls(&self) -> String;
}

impl EscapeControls for str {
    fn escape_debug_controls(&self) -> String {
        let mut text = String::with_capacity(self.len());
        for letter in self.chars() {
            if letter.is_control() {
                text.extend(letter.escape_default());
            } else {
                text.push(letter);
            }
        }
        text
    }
}

/// Replaces line ends and control characters by their escapes.
#[must_use]
pub fn on_one_line(text: &str) -> String {
    text.escape_debug_controls()
}

/// What a sync says in the end.
#[derive(Debug, Serialize)]
pub struct SyncReport {
    format_version: u32,
    dry_run: bool,
    server: String,
    sites: Vec<SiteReport>,
}

impl SyncReport {
    /// The sites in the order in which they were synced.
    #[must_use]
    pub fn new(server: String, dry_run: bool, sites: Vec<SiteReport>) -> Self {
        Self { format_version: FORMAT_VERSION, dry_run, server, sites }
    }

    /// Prints it.
    pub fn print(&self, format: Format) -> io::Result<()> {
        match format {
            Format::Json => print_json(self),
            Format::Text => {
                let mut text = String::new();
                for site in &self.sites {
                    site.text(&mut text);
                }
                print(&text)
            }
        }
    }
}

/// `1 row`, `2 rows`.
#[must_use]
pub fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
