//! For programs.

use serde::Serialize;

use super::super::FORMAT_VERSION;
use super::report::CheckReport;
use crate::check::finding::{Code, Finding, Place, Severity};
use crate::check::searched::{FileCounts, ReferenceCounts};
use crate::resource::SiteName;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    format_version: u32,
    errors: u64,
    warnings: u64,
    notes: u64,
    /// Those that the baseline holds are not among the findings.
    known: u64,
    files: FileCounts,
    references: ReferenceCounts,
    findings: Vec<FindingDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<FixedDocument<'a>>,
}

#[derive(Serialize)]
struct FixedDocument<'a> {
    dry_run: bool,
    places: u64,
    files: u64,
    diff: &'a str,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    code: Code,
    severity: Severity,
    message: &'a str,
    remedy: Option<&'a str>,
    subject: &'a str,
    /// The site, when the finding is about the map.
    site: Option<&'a SiteName>,
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<PositionDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixDocument<'a>>,
}

#[derive(Serialize)]
struct PositionDocument {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    /// Bytes from the beginning of the file.
    offset: usize,
    length: usize,
}

#[derive(Serialize)]
struct FixDocument<'a> {
    offset: usize,
    old: &'a str,
    new: &'a str,
}

pub(super) fn document(report: &CheckReport) -> Document<'_> {
    let fixed = report.fixed.as_ref().map(|fixed| FixedDocument {
        dry_run: report.dry_run,
        places: fixed.places,
        files: fixed.files,
        diff: &fixed.diff,
    });
    Document {
        format_version: FORMAT_VERSION,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        notes: report.count(Severity::Note),
        known: report.known,
        files: report.files,
        references: report.counts,
        findings: report.findings.iter().map(finding).collect(),
        fixed,
    }
}

fn finding(finding: &Finding) -> FindingDocument<'_> {
    let Finding { code, severity, place, subject, message, remedy, fix } = finding;
    FindingDocument {
        code: *code,
        severity: *severity,
        message,
        remedy: remedy.as_deref(),
        subject,
        site: if let Place::Map(site) = place { Some(site) } else { None },
        path: place.path(),
        position: place.position().map(|at| PositionDocument {
            line: at.line,
            column: at.column,
            end_line: at.end_line,
            end_column: at.end_column,
            offset: at.span.start,
            length: at.span.len(),
        }),
        fix: fix.as_ref().map(|fix| FixDocument { offset: fix.span.start, old: &fix.old, new: &fix.new }),
    }
}
