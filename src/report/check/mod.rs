//! What a check found, for people and for the programs that show it to them.

use std::io::{self, Write as _};
use std::path::Path;

use super::{print, print_json};
use crate::check::finding::{Finding, Place, Severity};
use crate::check::fix::Fixed;
use crate::check::searched::{FileCounts, ReferenceCounts};
use crate::config::DEFAULT_FILE;

mod github;
mod gitlab;
mod json;
mod junit;
mod sarif;
mod text;

/// The form of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckFormat {
    /// For people: each finding with the line it stands on.
    #[default]
    Text,
    /// For programs: a document with a `format_version`.
    Json,
    /// Annotations of GitHub Actions, and a summary in the file that `GITHUB_STEP_SUMMARY` names.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// A JUnit XML report.
    Junit,
    /// A SARIF 2.1.0 log, for code scanning.
    Sarif,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
    /// The files that were looked at.
    pub files: FileCounts,
    /// The references in them.
    pub counts: ReferenceCounts,
    /// What was corrected, or would be in a dry run.
    pub fixed: Option<Fixed>,
    /// Whether the corrections were only shown.
    pub dry_run: bool,
}

impl CheckReport {
    /// How many findings have a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.findings.iter().filter(|one| one.severity == severity).count() as u64
    }

    /// Prints it. `step_summary` is the file that GitHub names for a summary.
    pub fn print(&self, format: CheckFormat, step_summary: Option<&Path>) -> io::Result<()> {
        if let (Some(fixed), false) = (&self.fixed, matches!(format, CheckFormat::Text | CheckFormat::Json)) {
            // These formats have no room for a diff.
            io::stderr().lock().write_all(fixed.diff.as_bytes())?;
        }
        match format {
            CheckFormat::Text => print(&text::render(self)),
            CheckFormat::Json => print_json(&json::document(self)),
            CheckFormat::Gitlab => print_json(&gitlab::document(self)),
            CheckFormat::Sarif => print_json(&sarif::document(self)),
            CheckFormat::Junit => print(&junit::render(self)?),
            CheckFormat::Github => {
                if let Some(path) = step_summary {
                    github::append_summary(self, path)?;
                }
                print(&github::render(self))
            }
        }
    }
}

/// A file for formats that know nothing but files: the map is what the configuration names.
fn path_of(place: &Place) -> &str {
    place.path().unwrap_or(DEFAULT_FILE)
}

/// Message and remedy in one text.
fn whole_message(finding: &Finding) -> String {
    let about = match &finding.place {
        Place::Map(site) => format!("map of site `{site}`: "),
        Place::File(_) | Place::Text(_) => String::new(),
    };
    match &finding.remedy {
        Some(remedy) => format!("{about}{}; {remedy}", finding.message),
        None => format!("{about}{}", finding.message),
    }
}

/// One sentence on how much was looked at and what came out.
fn summary(report: &CheckReport) -> String {
    use crate::text::plural;
    let FileCounts { checked, binary, huge } = report.files;
    let ReferenceCounts { references, open, foreign, ignored } = report.counts;
    let some = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let join = |parts: [Option<String>; 3]| {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    };
    let skipped = join([some(binary, "binary skipped"), some(huge, "too large skipped"), None]);
    let left = join([some(open, "left open"), some(foreign, "on other servers"), some(ignored, "silenced")]);
    format!(
        "{}, {}; {} checked{skipped}, {} found{left}",
        plural(report.count(Severity::Error), "error"),
        plural(report.count(Severity::Warning), "warning"),
        plural(checked, "file"),
        plural(references, "reference"),
    )
}
