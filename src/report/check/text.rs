//! For people: each finding with the line it stands on and the part marked.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use unicode_width::UnicodeWidthChar;

use super::super::terminal::{Ink, STDOUT};
use super::report::{CheckReport, summary};
use crate::check::finding::{Finding, Position, Severity};
use crate::text::{on_one_line, plural};

pub(super) fn render(report: &CheckReport) -> String {
    let mut out = String::new();
    if let Some(fixed) = &report.fixed {
        // What is piped on is for `patch`, which wants the bytes.
        if io::stdout().is_terminal() {
            out.extend(
                fixed.diff.lines().map(|line| coloured(&on_one_line(&line.replace('\t', "    "))) + "\n"),
            );
        } else if STDOUT.has_colour {
            out.extend(fixed.diff.split_inclusive('\n').map(coloured));
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
    for hint in hints(report) {
        let _ = writeln!(out, "{} {hint}", STDOUT.paint(Ink::Aside, "hint:"));
    }
    let _ = writeln!(out, "{}", STDOUT.paint(Ink::Strong, &summary(report)));
    out
}

/// A line of a diff, with the line end that it may have.
fn coloured(line: &str) -> String {
    let ink = match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Ink::Strong,
        [b'+', ..] => Ink::Good,
        [b'-', ..] => Ink::Bad,
        [b'@', ..] => Ink::Aside,
        _ => return line.to_owned(),
    };
    let text = line.trim_end_matches('\n');
    STDOUT.paint(ink, text) + &line[text.len()..]
}

fn write_finding(finding: &Finding, out: &mut String) {
    let Finding { code, severity, place, message, remedy, .. } = finding;
    let ink = match severity {
        Severity::Error => Ink::Bad,
        Severity::Warning => Ink::Warning,
        Severity::Note | Severity::Off => Ink::Aside,
    };
    let title = format!("{}[{code}]", severity.as_str());
    let _ = writeln!(out, "{}: {}", STDOUT.paint(ink, &title), STDOUT.paint(Ink::Strong, message));
    let position = place.position();
    let gutter = position.map_or(1, |at| at.line.to_string().len());
    let _ = writeln!(out, "{:gutter$}{} {place}", "", STDOUT.paint(Ink::Aside, "-->"));
    if let Some(position) = position {
        write_excerpt(position, gutter, ink, out);
    }
    if let Some(remedy) = remedy {
        let _ = writeln!(out, "{:gutter$} = {} {remedy}", "", STDOUT.paint(Ink::Aside, "help:"));
    }
    out.push('\n');
}

fn write_excerpt(position: &Position, gutter: usize, ink: Ink, out: &mut String) {
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
    let _ = writeln!(out, "{:gutter$} | {indent}{}", "", STDOUT.paint(ink, &marks));
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
