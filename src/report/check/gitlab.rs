//! A code quality report of GitLab.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::report::{CheckReport, path_of, whole_message};
use crate::check::finding::{Code, Finding, Place, Severity};

#[derive(Serialize)]
pub(super) struct Issue {
    description: String,
    check_name: Code,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn document(report: &CheckReport) -> Vec<Issue> {
    let issue = |(finding, fingerprint): (&Finding, String)| Issue {
        description: whole_message(finding),
        check_name: finding.code,
        fingerprint,
        severity: match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note | Severity::Off => "info",
        },
        location: Location {
            path: path_of(&finding.place).to_owned(),
            lines: Lines {
                begin: finding.place.position().map_or(1, |at| at.line),
                end: finding.place.position().map_or(1, |at| at.end_line),
            },
        },
    };
    fingerprints(&report.findings).map(issue).collect()
}

/// What tells a finding from all others and stays when lines move: code, file or site, what it is about, and which of
/// several it is.
pub(super) fn fingerprints(findings: &[Finding]) -> impl Iterator<Item = (&Finding, String)> {
    let mut times: BTreeMap<(Code, String, &str), u64> = BTreeMap::new();
    findings.iter().map(move |finding| {
        let path = path_of(&finding.place);
        let place = match &finding.place {
            Place::Map(site) => format!("{path}\0{site}"),
            Place::File(_) | Place::Text(_) => path.to_owned(),
        };
        let (code, subject) = (finding.code, finding.subject.as_str());
        let time = times.entry((code, place.clone(), subject)).or_default();
        *time += 1;
        let text = format!("{code}\0{place}\0{subject}\0{time}");
        let digest = Sha256::digest(text.as_bytes());
        let mut fingerprint = String::new();
        for byte in &digest[..16] {
            let _ = write!(fingerprint, "{byte:02x}");
        }
        (finding, fingerprint)
    })
}
