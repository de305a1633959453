//! What a doctor found, for people and for programs.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::terminal::{Ink, STDOUT};
use super::{FORMAT_VERSION, Format, print, print_json};
use crate::doctor::{CheckOutcome, Checked, Status};
use crate::resource::SiteName;
use crate::text::{on_one_line, plural};

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    problems: u64,
    warnings: u64,
    checks: Vec<CheckDocument<'a>>,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    name: &'static str,
    /// Of a check that is made for each site.
    site: Option<&'a SiteName>,
    status: Status,
    evidence: &'a [String],
    remedy: Option<&'a str>,
}

/// Prints it.
pub fn print_checks(checked: &[Checked], format: Format) -> io::Result<()> {
    match format {
        Format::Text => print(&render(checked)),
        Format::Json => print_json(&Document {
            format_version: FORMAT_VERSION,
            problems: count(checked, Status::Problem),
            warnings: count(checked, Status::Warning),
            checks: checked.iter().map(document).collect(),
        }),
    }
}

/// How many checks came out so.
#[must_use]
pub fn count(checked: &[Checked], status: Status) -> u64 {
    checked.iter().filter(|one| one.outcome.status == status).count() as u64
}

fn document(checked: &Checked) -> CheckDocument<'_> {
    let Checked { name, site, outcome: CheckOutcome { status, evidence, remedy } } = checked;
    CheckDocument { name, site: site.as_ref(), status: *status, evidence, remedy: remedy.as_deref() }
}

fn render(checked: &[Checked]) -> String {
    let mut out = String::new();
    for Checked { name, site, outcome: CheckOutcome { status, evidence, remedy } } in checked {
        let of = site.as_ref().map(|site| on_one_line(&format!(" (site `{site}`)"))).unwrap_or_default();
        let ink = match status {
            Status::Ok => Ink::Good,
            Status::Warning => Ink::Warning,
            Status::Problem => Ink::Bad,
            Status::Note | Status::Unknown | Status::Skipped => Ink::Aside,
        };
        let _ = writeln!(out, "{}  {name}{of}", STDOUT.paint(ink, &format!("{:<7}", status.as_str())));
        for sentence in evidence {
            let _ = writeln!(out, "           {}", on_one_line(sentence));
        }
        for (at, line) in remedy.iter().flat_map(|remedy| remedy.lines().enumerate()) {
            let label = if at == 0 { "help: " } else { "      " };
            let _ = writeln!(out, "           {label}{}", on_one_line(line));
        }
    }
    let counts = Status::ALL.into_iter().filter_map(|status| match count(checked, status) {
        0 => None,
        count => Some(format!("{count} {}", status.as_str())),
    });
    let counts: Vec<_> = counts.collect();
    let _ = writeln!(out, "{}: {}", plural(checked.len() as u64, "check"), counts.join(", "));
    out
}
