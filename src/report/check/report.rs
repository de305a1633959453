//! What a check found, and how all formats put it.

use crate::check::finding::{Finding, Place, Severity};
use crate::check::fix::Fixed;
use crate::check::searched::{FileCounts, ReferenceCounts};
use crate::config::DEFAULT_FILE;
use crate::text::plural;

/// What a check found.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
    /// The files that were looked at.
    pub files: FileCounts,
    /// The references in them.
    pub counts: ReferenceCounts,
    /// How many findings are in the baseline, and so not among these.
    pub known: u64,
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
}

/// A file for formats that know nothing but files: the map is what the configuration names.
pub(super) fn path_of(place: &Place) -> &str {
    place.path().unwrap_or(DEFAULT_FILE)
}

/// Message and remedy in one text.
pub(super) fn whole_message(finding: &Finding) -> String {
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
pub(super) fn summary(report: &CheckReport) -> String {
    let FileCounts { checked, binary, huge } = report.files;
    let ReferenceCounts { references, open, not_judged, foreign, ignored } = report.counts;
    let some = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let join = |parts: &[Option<String>]| {
        let parts: Vec<_> = parts.iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    };
    let skipped = join(&[some(binary, "binary skipped"), some(huge, "too large skipped")]);
    let left = join(&[
        some(open, "left open"),
        some(not_judged, "not judged"),
        some(foreign, "on other servers"),
        some(ignored, "silenced"),
    ]);
    let notes = match report.count(Severity::Note) {
        0 => String::new(),
        count => format!(", {}", plural(count, "note")),
    };
    let known = match report.known {
        0 => String::new(),
        count => format!(", {count} known from the baseline"),
    };
    format!(
        "{}, {}{notes}{known}; {} checked{skipped}, {} found{left}",
        plural(report.count(Severity::Error), "error"),
        plural(report.count(Severity::Warning), "warning"),
        plural(checked, "file"),
        plural(references, "reference"),
    )
}
