//! Annotations of GitHub Actions, and the summary of a step.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::report::{CheckReport, summary, whole_message};
use crate::check::finding::{Finding, Severity};
use crate::text::{on_one_line, plural};

/// GitHub shows this many annotations of a kind for each step and drops the others.
const MOST_ANNOTATIONS: usize = 10;
/// A summary may have a megabyte.
const MOST_ROWS: usize = 1000;

pub(super) fn render(report: &CheckReport) -> String {
    let mut out = String::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let findings: Vec<_> = report.findings.iter().filter(|one| one.severity == severity).collect();
        let shown = if findings.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { findings.len() };
        let (shown, others) = findings.split_at(shown);
        for finding in shown {
            annotate(finding, &mut out);
        }
        if !others.is_empty() {
            let more = plural(others.len() as u64, &format!("more {}", severity.as_str()));
            let word = command(severity);
            let _ =
                writeln!(out, "::{word} title=tabmap check::{more}: see the log or the summary of this step");
            let _ = writeln!(out, "::group::{more}");
            for finding in others {
                let _ = writeln!(
                    out,
                    "{}",
                    plain(&on_one_line(&format!(
                        "{}[{}] {}: {}",
                        severity.as_str(),
                        finding.code,
                        finding.place,
                        whole_message(finding)
                    )))
                );
            }
            let _ = writeln!(out, "::endgroup::");
        }
    }
    let _ = writeln!(out, "{}", summary(report));
    out
}

/// The runner's word.
fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note | Severity::Off => "notice",
    }
}

fn annotate(finding: &Finding, out: &mut String) {
    let mut properties = Vec::new();
    if let Some(path) = finding.place.path() {
        properties.push(("file", property(path)));
    }
    if let Some(at) = finding.place.position() {
        properties.push(("line", at.line.to_string()));
        properties.push(("endLine", at.end_line.to_string()));
        properties.push(("col", at.column.to_string()));
        properties.push(("endColumn", at.end_column.to_string()));
    }
    properties.push(("title", property(&format!("tabmap {}", finding.code))));
    let properties: Vec<_> = properties.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let word = command(finding.severity);
    let _ = writeln!(out, "::{word} {}::{}", properties.join(","), data(&whole_message(finding)));
}

/// A line that the runner takes for no command: it looks for `::` at the beginning, and for `##[` anywhere.
fn plain(line: &str) -> String {
    line.replace("##[", "## [")
}

/// As the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    // The runner needs the line ends of a path; what else steers a terminal, it shows.
    let shown: String = text.split('\n').map(on_one_line).collect::<Vec<_>>().join("\n");
    data(&shown).replace(':', "%3A").replace(',', "%2C")
}

/// Writes all findings as a table to the summary of the step.
pub(super) fn append_summary(report: &CheckReport, path: &Path) -> io::Result<()> {
    let mut text = format!("### tabmap check\n\n{}\n\n", summary(report));
    if !report.findings.is_empty() {
        text.push_str("| | where | what | remedy |\n|---|---|---|---|\n");
    }
    for finding in report.findings.iter().take(MOST_ROWS) {
        let Finding { code, severity, place, message, remedy, .. } = finding;
        let remedy = cell(remedy.as_deref().unwrap_or_default());
        let (place, message) = (cell(&place.to_string()), cell(message));
        let _ = writeln!(text, "| {} `{code}` | {place} | {message} | {remedy} |", severity.as_str());
    }
    if report.findings.len() > MOST_ROWS {
        let _ = writeln!(text, "\n{} more", report.findings.len() - MOST_ROWS);
    }
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

/// A name may hold what Markdown and HTML take for their own: each such letter is written as HTML writes it.
fn cell(text: &str) -> String {
    on_one_line(text).chars().fold(String::new(), |mut cell, letter| {
        if "`*_{}[]<>#!|~&$@\\".contains(letter) {
            let _ = write!(cell, "&#{};", u32::from(letter));
        } else {
            cell.push(letter);
        }
        cell
    })
}

/// The changes of `--fix`, between marks without which the runner would take a line of a file for a command.
pub(super) fn between_marks(diff: &str) -> String {
    let mark = uuid::Uuid::new_v4();
    format!("::stop-commands::{mark}\n{diff}::{mark}::\n")
}
