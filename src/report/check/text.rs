//! For people: each finding with the line it stands on and the part marked.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use unicode_width::UnicodeWidthChar;

use super::report::{CheckReport, summary};
use crate::check::finding::{Finding, Position};
use crate::text::{on_one_line, plural};

pub(super) fn render(report: &CheckReport) -> String {
    let mut out = String::new();
    if let Some(fixed) = &report.fixed {
        // What is piped on is for `patch`, which wants the bytes.
        if io::stdout().is_terminal() {
            out.extend(fixed.diff.lines().map(|line| on_one_line(&line.replace('\t', "    ")) + "\n"));
        } else {
            out.push_str(&fixed.diff);
        }
        if fixed.places > 0 {
            let verb = if report.dry_run { "would be corrected" } else { "corrected" };
            let (places, files) = (plural(fixed.places, "place"), plural(fixed.files, "file"));
            let _ = writeln!(out, "{places} in {files} {verb}\n");
        }
    }
    for finding in &report.findings {
        write_finding(finding, &mut out);
    }
    let _ = writeln!(out, "{}", summary(report));
    for hint in hints(report) {
        let _ = writeln!(out, "hint: {hint}");
    }
    out
}

fn write_finding(finding: &Finding, out: &mut String) {
    let Finding { code, severity, place, message, remedy, .. } = finding;
    let _ = writeln!(out, "{}[{code}]: {message}", severity.as_str());
    let position = place.position();
    let gutter = position.map_or(1, |at| at.line.to_string().len());
    let _ = writeln!(out, "{:gutter$}--> {place}", "");
    if let Some(position) = position {
        write_excerpt(position, gutter, out);
    }
    if let Some(remedy) = remedy {
        let _ = writeln!(out, "{:gutter$} = help: {remedy}", "");
    }
    out.push('\n');
}

fn write_excerpt(position: &Position, gutter: usize, out: &mut String) {
    let Position { line, excerpt, marked, .. } = position;
    let (before, rest) = excerpt.split_at_checked(marked.start).unwrap_or((excerpt, ""));
    let (part, after) = rest.split_at_checked(marked.len()).unwrap_or((rest, ""));
    // What would steer the terminal is shown by its escape, and a tab keeps its width in both lines.
    let shown = |text: &str| on_one_line(&text.replace('\t', "    "));
    let width = |text: &str| shown(text).chars().map(|letter| letter.width().unwrap_or(0)).sum::<usize>();
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ =
        writeln!(out, "{line} | {}", format!("{}{}{}", shown(before), shown(part), shown(after)).trim_end());
    let (indent, marks) = (" ".repeat(width(before)), "^".repeat(width(part).max(1)));
    let _ = writeln!(out, "{:gutter$} | {indent}{marks}", "");
}

/// What helps with several findings at once.
fn hints(report: &CheckReport) -> Vec<String> {
    let mut hints = Vec::new();
    let fixable = report.findings.iter().filter(|one| one.fix.is_some()).count() as u64;
    if fixable > 0 {
        hints.push(format!("`tabmap check --fix` corrects {fixable} of these"));
    }
    if report.counts.open > 0 {
        hints.push(
            "references that are left open are computed, or their site is not known well enough".to_owned(),
        );
    }
    if report.counts.not_judged > 0 {
        hints.push(
            "references that are not judged are of projects, flows and other content without rows in the map"
                .to_owned(),
        );
    }
    if !report.findings.is_empty() {
        hints.push(
            "to silence a finding, write `# tabmap: ignore CODE` on its line; to silence a code, set it under `[check.severity]` in tabmap.toml"
                .to_owned(),
        );
    }
    hints
}
