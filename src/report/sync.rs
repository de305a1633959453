//! What `sync` and `backfill` say.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use miette::Diagnostic;
use serde::{Serialize, Serializer};

use super::terminal::{Ink, STDOUT};
use super::{FORMAT_VERSION, Format, ResourceReport, print, print_json};
use crate::diff::{Ambiguity, Change, ChangeSet, Counts};
use crate::resource::{PerKind, ResourceKind, SiteName};
use crate::snapshot::Header;
use crate::sync::{SyncOutcome, Synced};
use crate::text::{describe, on_one_line, plural};

/// How many changes of a site the text report spells out.
const MOST_CHANGES_SHOWN: usize = 20;

/// What a sync says of one site.
#[derive(Debug, Serialize)]
pub struct SiteReport {
    site: SiteName,
    /// How it ended.
    pub outcome: SyncOutcome,
    /// Whether both kinds were listed completely.
    pub complete: bool,
    /// The kinds whose listing was incomplete: of these, nothing was removed but what REST said is gone.
    incomplete: Vec<ResourceKind>,
    run_id: Option<String>,
    source: Option<String>,
    snapshot_at: Option<Timestamp>,
    #[serde(flatten)]
    listed: PerKind<u64>,
    counts: Counts,
    lagging: u64,
    ghosts: u64,
    skipped: u64,
    rows_written: u64,
    changes: Changes,
    ambiguous: Vec<Vec<ResourceReport>>,
    /// Whether the map says something else, also where no change is worth a line.
    #[serde(skip)]
    differs: bool,
    warnings: Vec<String>,
    error: Option<String>,
    /// What the server calls a site that is not active.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Rows of a site that cannot be synced.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_left: Option<u64>,
}

impl SiteReport {
    /// A site whose snapshot was compared with the map. Keeps no more than the report will show: there may be many
    /// sites.
    #[must_use]
    pub fn of(synced: &Synced, format: Format) -> Self {
        let set = &synced.changes;
        let Header { server: _, site, source, taken_at, complete: _, notes } = &set.snapshot;
        let candidates =
            |ambiguity: &Ambiguity| ambiguity.candidates.iter().map(|one| ResourceReport::of(one)).collect();
        Self {
            site: site.clone(),
            outcome: synced.outcome,
            complete: set.snapshot.is_complete(),
            incomplete: ResourceKind::ALL
                .into_iter()
                .filter(|kind| !set.snapshot.complete.contains(kind))
                .collect(),
            run_id: synced.run_id.clone(),
            source: Some(source.clone()),
            snapshot_at: Some(*taken_at),
            listed: set.listed,
            counts: set.counts(),
            lagging: notes.lagging,
            ghosts: notes.ghosts,
            skipped: notes.skipped,
            rows_written: synced.rows_written,
            differs: !set.is_empty(),
            changes: Changes::of(set, format),
            ambiguous: set.ambiguous.iter().map(candidates).collect(),
            warnings: notes.warnings.clone(),
            error: None,
            state: None,
            rows_left: None,
        }
    }

    /// A site that could not be synced.
    #[must_use]
    pub fn failed(site: &SiteName, error: &dyn Diagnostic) -> Self {
        Self { error: Some(describe(error)), ..Self::untouched(site, SyncOutcome::Failed) }
    }

    /// A site whose turn did not come.
    #[must_use]
    pub fn not_begun(site: &SiteName) -> Self {
        Self::untouched(site, SyncOutcome::NotBegun)
    }

    /// A site that its server calls by this state, of which the map has so many rows.
    #[must_use]
    pub fn inactive(site: &SiteName, state: &str, rows: usize) -> Self {
        let state = Some(state.to_owned());
        Self { state, rows_left: Some(rows as u64), ..Self::untouched(site, SyncOutcome::Inactive) }
    }

    /// A site that its server does not list any more, of which the map has so many rows.
    #[must_use]
    pub fn gone(site: &SiteName, rows: usize) -> Self {
        Self { rows_left: Some(rows as u64), ..Self::untouched(site, SyncOutcome::Gone) }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    fn untouched(site: &SiteName, outcome: SyncOutcome) -> Self {
        Self {
            site: site.clone(),
            outcome,
            complete: false,
            incomplete: Vec::new(),
            run_id: None,
            source: None,
            snapshot_at: None,
            listed: PerKind::default(),
            counts: Counts::default(),
            lagging: 0,
            ghosts: 0,
            skipped: 0,
            rows_written: 0,
            differs: false,
            changes: Changes::default(),
            ambiguous: Vec::new(),
            warnings: Vec::new(),
            error: None,
            state: None,
            rows_left: None,
        }
    }

    /// Whether anything changed or would.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.differs
    }

    fn incompleteness(&self) -> String {
        let kinds: Vec<_> = self.incomplete.iter().map(|kind| format!("{kind}s")).collect();
        if kinds.is_empty() {
            String::new()
        } else {
            format!(" (listing of {} incomplete)", kinds.join(" and "))
        }
    }

    /// Why nothing was done, where nothing was.
    fn why_untouched(&self) -> Option<String> {
        let site = &self.site;
        let rows = plural(self.rows_left.unwrap_or_default(), "row");
        let remedy = format!("`tabmap sync --remove-site {site}` removes them");
        match self.outcome {
            SyncOutcome::Failed => Some("failed, nothing was written".to_owned()),
            SyncOutcome::NotBegun => Some("not started, because another site failed".to_owned()),
            SyncOutcome::Inactive => {
                let state = on_one_line(self.state.as_deref().unwrap_or_default());
                Some(format!("{state}, not synced; its {rows} stay in the map; {remedy}"))
            }
            SyncOutcome::Gone => {
                Some(format!("no longer on the server; its {rows} stay in the map; {remedy}"))
            }
            SyncOutcome::Unchanged
            | SyncOutcome::Applied
            | SyncOutcome::Planned
            | SyncOutcome::Superseded => None,
        }
    }

    fn text(&self, out: &mut String) {
        let site = STDOUT.paint(Ink::Strong, &self.site.to_string());
        if let Some(why) = self.why_untouched() {
            let ink = if self.outcome == SyncOutcome::Failed { Ink::Bad } else { Ink::Warning };
            let _ = writeln!(out, "{site}: {}", STDOUT.paint(ink, &why));
            return;
        }
        let listed: Vec<_> =
            self.listed.iter().map(|(kind, count)| plural(*count, kind.facts().noun)).collect();
        let incompleteness = STDOUT.paint(Ink::Warning, &self.incompleteness());
        let _ = writeln!(out, "{site}: {}{incompleteness}", listed.join(", "));
        if let Some(source) = &self.source {
            let _ = writeln!(out, "  source: {}", on_one_line(source));
        }
        for change in self.changes.kept().iter().take(MOST_CHANGES_SHOWN) {
            ChangeReport::of(change).text(out);
        }
        let more = self.changes.count().saturating_sub(MOST_CHANGES_SHOWN);
        if more > 0 {
            let more = plural(more as u64, "more change");
            let _ = writeln!(out, "  ... and {more} (`--format json` shows all)");
        }
        for candidates in &self.ambiguous {
            let [first, ..] = candidates.as_slice() else {
                continue;
            };
            let paths: Vec<_> = candidates.iter().map(|one| format!("`{}`", one.place)).collect();
            let _ = writeln!(
                out,
                "  {} {} `{}` in project `{}` is in {}",
                STDOUT.paint(Ink::Warning, "ambiguous:"),
                first.kind,
                on_one_line(&first.name),
                on_one_line(&first.project_name),
                paths.join(" and ")
            );
        }
        let noticed: Vec<_> = [
            (self.lagging, "taken from REST because the Metadata API lags behind"),
            (self.ghosts, "left out because only the Metadata API still lists them"),
            (self.skipped, "skipped (Personal Space, or without LUID or name)"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        for line in noticed.iter().chain(&self.warnings) {
            let _ = writeln!(out, "  {} {}", STDOUT.paint(Ink::Aside, "note:"), on_one_line(line));
        }
        if let Some(end) = self.end() {
            let _ = writeln!(out, "  {end}");
        }
    }

    /// What became of the site, in the last line.
    fn end(&self) -> Option<String> {
        let Counts { added, replaced, moved, removed, corrected } = self.counts;
        let counts = format!(
            "{added} added, {replaced} replaced, {moved} moved, {removed} removed, {corrected} corrected"
        );
        Some(match self.outcome {
            SyncOutcome::Unchanged => "unchanged: no row of the map was written".to_owned(),
            SyncOutcome::Applied => format!("{counts}; {} written", plural(self.rows_written, "row")),
            SyncOutcome::Planned => format!("dry run: {counts}; nothing was written"),
            SyncOutcome::Superseded => {
                "the map already holds the result of a newer snapshot; nothing was written".to_owned()
            }
            SyncOutcome::Failed | SyncOutcome::NotBegun | SyncOutcome::Inactive | SyncOutcome::Gone => {
                return None;
            }
        })
    }
}

/// The changes of a site, each put into words when it is printed: a first sync has as many as the site has resources.
#[derive(Debug)]
enum Changes {
    All(Arc<ChangeSet>),
    /// What a text spells out, and how many there are: those of many sites are not kept for it.
    First(Vec<Change>, usize),
}

impl Default for Changes {
    fn default() -> Self {
        Self::First(Vec::new(), 0)
    }
}

impl Changes {
    fn of(set: &Arc<ChangeSet>, format: Format) -> Self {
        match format {
            Format::Json => Self::All(Arc::clone(set)),
            Format::Text => {
                let first = set.changes.iter().take(MOST_CHANGES_SHOWN).cloned();
                Self::First(first.collect(), set.changes.len())
            }
        }
    }

    fn kept(&self) -> &[Change] {
        match self {
            Self::All(set) => &set.changes,
            Self::First(first, _) => first,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::All(set) => set.changes.len(),
            Self::First(_, count) => *count,
        }
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.kept().iter().map(ChangeReport::of))
    }
}

/// One change of a site.
#[derive(Debug, Serialize)]
struct ChangeReport {
    change: &'static str,
    before: Option<ResourceReport>,
    after: Option<ResourceReport>,
}

impl ChangeReport {
    fn of(change: &Change) -> Self {
        let (before, after) = change.sides();
        Self {
            change: change.word(),
            before: before.map(ResourceReport::of),
            after: after.map(ResourceReport::of),
        }
    }

    fn text(&self, out: &mut String) {
        let line = match (&self.before, &self.after) {
            (Some(before), Some(after)) if before.luid == after.luid => {
                format!("{} `{}` -> `{}`  {}", after.kind, before.place, after.place, after.luid)
            }
            (Some(before), Some(after)) => {
                format!("{} `{}`  {} -> {}", after.kind, after.place, before.luid, after.luid)
            }
            (Some(one), None) | (None, Some(one)) => format!("{} `{}`  {}", one.kind, one.place, one.luid),
            (None, None) => return,
        };
        let ink = match (&self.before, &self.after) {
            (None, _) => Ink::Good,
            (_, None) => Ink::Bad,
            _ => Ink::Warning,
        };
        let _ = writeln!(out, "  {} {line}", STDOUT.paint(ink, &format!("{:<8}", self.change)));
    }
}

/// What a sync says in the end.
#[derive(Debug, Serialize)]
pub struct SyncReport<'a> {
    format_version: u32,
    dry_run: bool,
    server: String,
    sites: &'a [SiteReport],
}

impl<'a> SyncReport<'a> {
    /// The sites in the order in which they were synced.
    #[must_use]
    pub fn new(server: String, dry_run: bool, sites: &'a [SiteReport]) -> Self {
        Self { format_version: FORMAT_VERSION, dry_run, server, sites }
    }

    /// Prints it.
    pub fn print(&self, format: Format) -> io::Result<()> {
        match format {
            Format::Json => print_json(self),
            Format::Text => {
                let mut text = String::new();
                if self.sites.is_empty() {
                    text.push_str("no site to sync\n");
                }
                for site in self.sites {
                    site.text(&mut text);
                }
                if self.sites.len() > 1 {
                    let _ = writeln!(text, "{}", summary(self.sites));
                }
                print(&text)
            }
        }
    }
}

/// What happened on several sites, in one line.
fn summary(sites: &[SiteReport]) -> String {
    let words = [
        (SyncOutcome::Applied, "changed"),
        (SyncOutcome::Planned, "compared"),
        (SyncOutcome::Unchanged, "unchanged"),
        (SyncOutcome::Superseded, "already newer"),
        (SyncOutcome::Inactive, "not active"),
        (SyncOutcome::Gone, "no longer on the server"),
        (SyncOutcome::NotBegun, "not started"),
        (SyncOutcome::Failed, "failed"),
    ];
    let count = |outcome| sites.iter().filter(|site| site.outcome == outcome).count();
    let counts = words.into_iter().filter(|(outcome, _)| count(*outcome) > 0);
    let counts: Vec<_> = counts.map(|(outcome, word)| format!("{} {word}", count(outcome))).collect();
    let rows = plural(sites.iter().map(|site| site.rows_written).sum(), "row");
    format!("{}: {}; {rows} written", plural(sites.len() as u64, "site"), counts.join(", "))
}
