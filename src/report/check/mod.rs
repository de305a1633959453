//! What a check found, for people and for the programs that show it to them.

use std::io::{self, Write as _};
use std::path::Path;

use super::{print, print_json};

mod github;
mod gitlab;
mod json;
mod junit;
mod report;
mod sarif;
mod text;

pub use self::report::CheckReport;

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

impl CheckReport {
    /// Prints it. `step_summary` is the file that GitHub names for a summary.
    pub fn print(&self, format: CheckFormat, step_summary: Option<&Path>) -> io::Result<()> {
        if let (Some(fixed), false) = (&self.fixed, matches!(format, CheckFormat::Text | CheckFormat::Json)) {
            // These formats have no room for a diff.
            let is_github = format == CheckFormat::Github && !fixed.diff.is_empty();
            let diff = if is_github { github::between_marks(&fixed.diff) } else { fixed.diff.clone() };
            io::stderr().lock().write_all(diff.as_bytes())?;
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
