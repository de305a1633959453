//! A SARIF 2.1.0 log.

use std::fmt::Write as _;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::gitlab::fingerprints;
use super::report::{CheckReport, path_of, whole_message};
use crate::check::finding::{Code, Finding, Place, Severity};

pub(super) fn document(report: &CheckReport) -> Value {
    let rules: Vec<_> = Code::value_variants().iter().map(|code| rule(*code)).collect();
    let results: Vec<_> =
        fingerprints(&report.findings).map(|(finding, fingerprint)| result(finding, &fingerprint)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tabmap",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
        Severity::Off => "none",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code,
        "shortDescription": {"text": code.description()},
        "defaultConfiguration": {"level": level(code.default_severity())},
    })
}

fn result(finding: &Finding, fingerprint: &str) -> Value {
    let artifact = json!({"uri": uri(path_of(&finding.place))});
    let mut location = json!({"physicalLocation": {"artifactLocation": artifact}});
    if let Some(at) = finding.place.position() {
        location["physicalLocation"]["region"] = json!({
            "startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column,
            "byteOffset": at.span.start, "byteLength": at.span.len(),
        });
    }
    if let Place::Map(site) = &finding.place {
        location["logicalLocations"] = json!([{"name": site.to_string(), "kind": "resource"}]);
    }
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": Code::value_variants().iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": {"text": whole_message(finding)},
        "locations": [location],
        "partialFingerprints": {"tabmap/v1": fingerprint},
    });
    if let Some(fix) = &finding.fix {
        let region = json!({"byteOffset": fix.span.start, "byteLength": fix.span.len()});
        let replacement = json!({"deletedRegion": region, "insertedContent": {"text": fix.new}});
        let change = json!({"artifactLocation": artifact, "replacements": [replacement]});
        result["fixes"] = json!([{
            "description": {"text": format!("replace {} by {}", fix.old, fix.new)},
            "artifactChanges": [change],
        }]);
    }
    result
}

/// A path as a relative reference: what a URI cannot hold is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
