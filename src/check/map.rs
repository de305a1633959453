//! Whether the map is true: one site of it beside what Tableau says, and its age.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::finding::{Code, Finding, Place, Severity};
use super::knowledge::SiteView;
use super::severities::Severities;
use crate::diff::{Change, ChangeSet};
use crate::resource::{PlainKey, Resource, ResourceKind, SiteName};
use crate::snapshot::Header;
use crate::text::{on_one_line, plural, rounded};

/// Writes findings about one site of the map.
struct Findings<'a> {
    site: &'a SiteName,
    severities: &'a Severities,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, code: Code, subject: String, message: String, remedy: &str) {
        let severity = self.severities.of(code, None);
        if severity != Severity::Off {
            let place = Place::Map(self.site.clone());
            let remedy = Some(remedy.to_owned());
            self.found.push(Finding { code, severity, place, subject, message, remedy, fix: None });
        }
    }
}

/// What is wrong with the rows of one site.
#[must_use]
pub fn check(site: &SiteView<'_>, severities: &Severities) -> Vec<Finding> {
    let Some(mapping) = site.mapping else { return Vec::new() };
    let name = site.snapshot.map_or(&mapping.site, |snapshot| &snapshot.header.site);
    let mut findings = Findings { site: name, severities, found: Vec::new() };
    if let Some(changes) = site.changes {
        for change in &changes.changes {
            of_change(change, &mut findings);
        }
        drift(changes, &mut findings);
    }
    let rows = mapping.rows.iter().map(|row| &row.resource);
    ambiguous(rows, &mut findings);
    findings.found
}

fn place(one: &Resource) -> String {
    format!("{} `{}`", one.key.kind, one.place())
}

fn of_change(change: &Change, findings: &mut Findings<'_>) {
    let sync = "run `tabmap sync`";
    match change {
        Change::Replaced { old, new } => findings.add(
            Code::ReplacedLuid,
            place(old),
            format!("the row of {} holds LUID {}, which was replaced", place(old), old.luid),
            &format!("the {} now has LUID {}: {sync}", new.key.kind, new.luid),
        ),
        Change::Removed(old) => findings.add(
            Code::StaleLuid,
            place(old),
            format!("the row of {} holds LUID {}, which is gone from the site", place(old), old.luid),
            sync,
        ),
        Change::Moved { from, to } => findings.add(
            Code::MovedResource,
            place(from),
            format!("{} is now `{}`", place(from), to.place()),
            sync,
        ),
        Change::Added(new) => findings.add(
            Code::MissingFromMap,
            place(new),
            format!("{} with LUID {} is not in the map", place(new), new.luid),
            sync,
        ),
    }
}

fn drift(changes: &ChangeSet, findings: &mut Findings<'_>) {
    let rows = changes.corrected.len() as u64;
    if rows > 0 {
        let message = format!(
            "{} with the right LUID {} other columns that are out of date (path, project or number)",
            plural(rows, "row"),
            if rows == 1 { "has" } else { "have" }
        );
        findings.add(Code::MapDrift, "columns".to_owned(), message, "run `tabmap sync`");
    }
    if changes.has_duplicate_rows {
        let message = "several rows share one LUID".to_owned();
        findings.add(
            Code::MapDrift,
            "duplicates".to_owned(),
            message,
            "run `tabmap sync`, which keeps one of them",
        );
    }
}

/// What Tableau did not list completely. `hidden` says how many of a kind may be there that this account does not see.
#[must_use]
pub fn check_listing(
    header: &Header,
    hidden: impl Fn(ResourceKind) -> Option<u64>,
    severities: &Severities,
) -> Vec<Finding> {
    let mut findings = Findings { site: &header.site, severities, found: Vec::new() };
    for kind in ResourceKind::ALL.into_iter().filter(|kind| !header.complete.contains(kind)) {
        let (message, remedy) = match hidden(kind) {
            Some(count) => (
                format!(
                    "this account does not see {} that may be there: what is missing from the list may be there, or gone",
                    plural(count, kind.facts().noun)
                ),
                "a token or user that lost its permissions sees less: check what the account sees in Tableau",
            ),
            None => (
                format!(
                    "Tableau did not list every {kind}: what is missing from the list may be there, or gone"
                ),
                "run the check again later; `tabmap sync` says what was incomplete",
            ),
        };
        findings.add(Code::IncompleteListing, kind.to_string(), message, remedy);
    }
    findings.found
}

fn ambiguous<'a>(rows: impl Iterator<Item = &'a Resource>, findings: &mut Findings<'_>) {
    let mut by_key: BTreeMap<PlainKey<'_>, Vec<&Resource>> = BTreeMap::new();
    for row in rows {
        by_key.entry(row.key.plain()).or_default().push(row);
    }
    for (key, mut rows) in by_key {
        rows.sort();
        rows.dedup_by(|a, b| a.luid == b.luid);
        if rows.len() < 2 {
            continue;
        }
        let paths: Vec<_> =
            rows.iter().map(|one| format!("`{}`", on_one_line(&one.key.project.to_string()))).collect();
        let name = on_one_line(key.name);
        let message = format!(
            "{} `{name}` in project `{}` is ambiguous: it is in {}",
            key.kind,
            on_one_line(key.project_name),
            paths.join(" and ")
        );
        let remedy = "callers must pass PROJECT_PATH to tell them apart, or one of them must be renamed";
        findings.add(Code::AmbiguousKey, format!("{} {name}", key.kind), message, remedy);
    }
}

/// Whether the last complete sync of a site was too long ago.
#[must_use]
pub fn check_age(
    site: &SiteName,
    complete_at: Option<Timestamp>,
    now: Timestamp,
    max_age: SignedDuration,
    severities: &Severities,
) -> Option<Finding> {
    let message = match complete_at {
        None => "it was never synced completely".to_owned(),
        Some(at) => {
            let age = now.duration_since(at);
            if age <= max_age {
                return None;
            }
            format!(
                "the last complete sync of the site was {} ago, at {at}; the limit is {}",
                rounded(age),
                rounded(max_age)
            )
        }
    };
    let mut findings = Findings { site, severities, found: Vec::new() };
    findings.add(
        Code::MapTooOld,
        "age".to_owned(),
        message,
        "run `tabmap sync`, and check why its schedule did not run it",
    );
    findings.found.pop()
}
