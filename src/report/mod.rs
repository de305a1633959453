//! What we say: findings and their formats, the one door to stdout, and the log on stderr.

use std::fmt::{Debug, Write as _};
use std::io::{self, Write as _};
use std::sync::OnceLock;

use miette::Diagnostic;
use serde::Serialize;
use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::terminal::{Ink, STDERR, undisturbed};
use crate::resource::{Details, Resource, ResourceKind, SiteName};
use crate::text::{describe, on_one_line, sentences_of, steers};

pub mod check;
pub mod doctor;
pub mod history;
pub mod refresh;
pub mod sync;
pub mod table;
pub mod terminal;

/// The version of every JSON document that this tool prints; raised when a field changes its meaning or goes.
pub const FORMAT_VERSION: u32 = 1;

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

static LOG_FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Starts the log on stderr.
///
/// Only this program's own messages pass: `snowflake_api` writes session tokens to its debug log.
pub fn start_logging(logging: &Logging) {
    let _ = LOG_FORMAT.set(logging.log_format);
    let level = match (logging.quiet, logging.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target("tabmap", level);
    let registry = tracing_subscriber::registry().with(ours);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Undisturbed);
    match logging.log_format {
        LogFormat::Text => {
            registry
                .with(
                    layer
                        .with_ansi(STDERR.has_colour)
                        .with_target(false)
                        .fmt_fields(debug_fn(write_field).delimited(" ")),
                )
                .init();
        }
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
}

/// A value of the log may come from a server: it stays on its line and steers nothing.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let value = on_one_line(&format!("{value:?}"));
    if field.name() == "message" { writer.write_str(&value) } else { write!(writer, "{field}={value}") }
}

/// Stderr, past what is drawn over.
struct Undisturbed;

impl io::Write for Undisturbed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        undisturbed(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Writes a command's result to stdout. A reader that closed the pipe has read enough.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match undisturbed(|| stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a document to stdout.
pub fn print_json(document: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    // Letters that steer a terminal stand in texts alone, where JSON has an escape for each.
    let text = text.chars().fold(String::with_capacity(text.len() + 1), |mut text, letter| {
        if steers(letter) && letter != '\n' {
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
        text
    });
    print(&format!("{text}\n"))
}

/// Writes an error to stderr: what was being done, each cause, and the remedy.
///
/// In the form of the log: orchestrators that read it as JSON need this line most.
pub fn print_error(error: &dyn Diagnostic) {
    if LOG_FORMAT.get() == Some(&LogFormat::Json) {
        let code = error.code().map(|code| code.to_string());
        let help = error.help().map(|help| help.to_string());
        tracing::error!(code, help, "{}", sentences_of(error).join(": "));
        return;
    }
    let text = describe(error);
    let text = text.replacen("error:", &STDERR.paint(Ink::Bad, "error:"), 1);
    let text = text.replacen("\n  help:", &format!("\n  {}", STDERR.paint(Ink::Aside, "help:")), 1);
    // Nothing is left to be done when stderr is closed.
    let _ = Undisturbed.write_all(text.as_bytes());
}

/// As [`print_error`], of one of several sites.
pub fn print_error_of(site: &SiteName, error: &dyn Diagnostic) {
    print_error(error);
    if LOG_FORMAT.get() != Some(&LogFormat::Json) {
        say(&format!("  site: {site}"));
    }
}

/// Writes a line to stderr that is not part of the result.
pub fn say(line: &str) {
    let _ = Undisturbed.write_all(format!("{line}\n").as_bytes());
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
    /// What else is known of it.
    #[serde(flatten)]
    pub details: Details,
    /// Project and name on one line, for people.
    #[serde(skip)]
    pub place: String,
}

impl ResourceReport {
    /// A resource as documents show it.
    #[must_use]
    pub fn of(resource: &Resource) -> Self {
        let Resource { key, luid, details } = resource;
        Self {
            kind: key.kind,
            site: key.site.clone(),
            project_name: key.project.leaf().to_owned(),
            project_path: key.project.full(),
            name: key.name.clone(),
            luid: luid.as_str().to_owned(),
            details: details.clone(),
            place: resource.place(),
        }
    }
}
