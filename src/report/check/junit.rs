//! A JUnit XML report: an error is a failed test, a warning one that passed and says something.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::report::{CheckReport, path_of, whole_message};
use crate::check::finding::{Finding, Severity};
use crate::text::on_one_line;

pub(super) fn render(report: &CheckReport) -> io::Result<String> {
    let mut suite = TestSuite::new("tabmap check");
    for finding in &report.findings {
        suite.add_test_case(case(finding));
    }
    if report.findings.is_empty() {
        // Some readers take a report without tests for a broken one.
        suite.add_test_case(TestCase::new("all references are valid", TestCaseStatus::success()));
    }
    let mut document = Report::new("tabmap");
    document.add_test_suite(suite);
    let mut text = document.to_string().map_err(io::Error::other)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn case(finding: &Finding) -> TestCase {
    let name = xml(&format!("{} {}", finding.code, finding.place));
    let mut case = if finding.severity == Severity::Error {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(finding.code.as_str()).set_message(xml(&finding.message));
        status.set_description(xml(&whole_message(finding)));
        TestCase::new(name, status)
    } else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_system_out(xml(&format!("{}: {}", finding.severity.as_str(), whole_message(finding))));
        case
    };
    let path = xml(&on_one_line(path_of(&finding.place)));
    case.set_classname(path.as_str());
    if let Some(position) = finding.place.position() {
        case.extra.insert("file".into(), path.as_str().into());
        case.extra.insert("line".into(), position.line.to_string().into());
    }
    case
}

/// XML has no way to write these two letters, and whoever writes them makes the whole report unreadable.
fn xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
