//! What `refresh` says: the plan and the progress on stderr, the result on stdout.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::terminal::{Ink, STDERR, STDOUT, added};
use super::{FORMAT_VERSION, Format, ResourceReport, print, print_json};
use crate::refresh::{Attendant, RefreshError, RefreshOutcome, Refreshed, Step};
use crate::resource::{Resource, SiteName};
use crate::text::{describe, on_one_line};

/// What became of one refresh, as documents show it.
#[derive(Debug, Serialize)]
pub struct RefreshReport {
    resource: ResourceReport,
    outcome: RefreshOutcome,
    job_id: Option<String>,
    adopted: bool,
    watched: bool,
    map_is_stale: bool,
    mapped_luid: String,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    seconds: Option<f64>,
    notes: Vec<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    refreshes: &'a [RefreshReport],
}

impl RefreshReport {
    /// A refresh as documents show it.
    #[must_use]
    pub fn of(refreshed: &Refreshed) -> Self {
        let seconds = match (refreshed.started_at, refreshed.finished_at) {
            (Some(start), Some(end)) => Some(end.duration_since(start).as_secs_f64()),
            _ => None,
        };
        Self {
            resource: ResourceReport::of(&refreshed.resource()),
            outcome: refreshed.outcome,
            job_id: refreshed.job.as_ref().map(ToString::to_string),
            adopted: refreshed.is_adopted,
            watched: refreshed.is_watched,
            map_is_stale: refreshed.is_stale,
            mapped_luid: refreshed.mapped.luid.as_str().to_owned(),
            started_at: refreshed.started_at,
            finished_at: refreshed.finished_at,
            seconds,
            notes: refreshed.notes.clone(),
            error: refreshed.error.as_ref().map(|error| describe(error).trim_end().to_owned()),
        }
    }

    /// One line, and one more for each thing to know.
    #[must_use]
    pub fn text(&self) -> String {
        let ink = match self.outcome {
            RefreshOutcome::Succeeded | RefreshOutcome::Started => Ink::Good,
            RefreshOutcome::Skipped | RefreshOutcome::GaveUp | RefreshOutcome::Cancelled => Ink::Warning,
            RefreshOutcome::Failed | RefreshOutcome::Error => Ink::Bad,
        };
        let mut text = format!("{}: {}", named(&self.resource), STDOUT.paint(ink, &self.ending()));
        if let Some(job) = &self.job_id {
            let adopted = if self.adopted { ", which was already queued or running" } else { "" };
            let _ = write!(text, " (job {job}{adopted})");
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "  {}", on_one_line(note));
        }
        if self.watched && self.outcome == RefreshOutcome::Succeeded {
            text.push_str("  known from the refresh time of the extract: this user may not read jobs\n");
        }
        if self.map_is_stale && self.mapped_luid != self.resource.luid {
            let _ = writeln!(
                text,
                "  the map is out of date: it has {}, and the current LUID is {}; run `tabmap sync`",
                self.mapped_luid, self.resource.luid
            );
        } else if self.map_is_stale && self.outcome == RefreshOutcome::Error {
            text.push_str("  the map is out of date; run `tabmap sync`\n");
        } else if self.map_is_stale {
            text.push_str(
                "  the map is out of date: the name or the project has changed; run `tabmap sync`\n",
            );
        }
        text
    }

    fn ending(&self) -> String {
        let seconds = self.seconds.unwrap_or_default();
        match self.outcome {
            RefreshOutcome::Succeeded => format!("refreshed in {seconds:.0} s"),
            RefreshOutcome::Failed => format!("the refresh failed after {seconds:.0} s"),
            RefreshOutcome::Cancelled => format!("the refresh was cancelled after {seconds:.0} s"),
            RefreshOutcome::GaveUp => format!("gave up waiting after {seconds:.0} s"),
            RefreshOutcome::Started => "started".to_owned(),
            RefreshOutcome::Skipped => {
                "skipped, because a job for it is already queued or running".to_owned()
            }
            RefreshOutcome::Error => "not refreshed".to_owned(),
        }
    }
}

/// A resource on one line.
#[must_use]
pub fn named(resource: &ResourceReport) -> String {
    format!("{} `{}` on site `{}`", resource.kind, resource.place, resource.site)
}

/// Prints the results.
pub fn print_reports(reports: &[RefreshReport], format: Format, is_waited_for: bool) -> io::Result<()> {
    match format {
        Format::Json => print_json(&Document { format_version: FORMAT_VERSION, refreshes: reports }),
        // For scripts: the job's id alone.
        Format::Text if !is_waited_for => {
            let started = |report: &&RefreshReport| report.outcome == RefreshOutcome::Started;
            let id = |report: &RefreshReport| format!("{}\n", report.job_id.as_deref().unwrap_or("-"));
            print(&reports.iter().filter(started).map(id).collect::<String>())
        }
        Format::Text => {
            let mut text: String = reports.iter().map(RefreshReport::text).collect();
            if reports.len() > 1 {
                let _ = writeln!(text, "{}", summary(reports));
            }
            print(&text)
        }
    }
}

/// What became of several refreshes, in one line.
fn summary(reports: &[RefreshReport]) -> String {
    let words = [
        (RefreshOutcome::Succeeded, "succeeded"),
        (RefreshOutcome::Started, "started"),
        (RefreshOutcome::Skipped, "skipped"),
        (RefreshOutcome::Failed, "failed"),
        (RefreshOutcome::Cancelled, "cancelled"),
        (RefreshOutcome::GaveUp, "not waited for to the end"),
        (RefreshOutcome::Error, "not refreshed"),
    ];
    let count = |outcome| reports.iter().filter(|report| report.outcome == outcome).count();
    let counts = words.into_iter().filter(|(outcome, _)| count(*outcome) > 0);
    let counts: Vec<_> = counts.map(|(outcome, word)| format!("{} {word}", count(outcome))).collect();
    format!("{} refreshes: {}", reports.len(), counts.join(", "))
}

/// When several refreshes will start, by site: how many at once, and how many when the budget lets more start.
#[must_use]
pub fn plan(site: &SiteName, forecast: &[Duration], max_parallel: usize) -> String {
    let mut waves: BTreeMap<u64, u64> = BTreeMap::new();
    for start in forecast {
        *waves.entry(start.as_secs().div_ceil(60)).or_default() += 1;
    }
    let waves: Vec<String> = waves
        .into_iter()
        .map(|(minutes, count)| match minutes {
            0 => format!("{count} now"),
            minutes => format!("{count} in {} or later", length(Duration::from_secs(minutes * 60))),
        })
        .collect();
    let (count, ending) = (forecast.len(), if forecast.len() == 1 { "" } else { "es" });
    format!("site `{site}`: {count} refresh{ending}, {}; at most {max_parallel} at a time", waves.join(", "))
}

fn length(length: Duration) -> String {
    let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
    format!("{length:#}")
}

/// What is under way, for a terminal and for whoever interrupts.
#[derive(Clone)]
pub struct Progress {
    jobs: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Progress {
    /// Bars where stderr is a terminal; otherwise silence.
    #[must_use]
    pub fn new() -> Self {
        Self { jobs: Arc::default() }
    }

    /// Attends the refresh of one resource.
    #[must_use]
    pub fn attend(&self, resource: &Resource) -> Box<dyn Attendant> {
        let name = named(&ResourceReport::of(resource));
        let bar = STDERR.moves.then(|| {
            let bar = added("{spinner} {elapsed:>4} {prefix}: {msg}");
            bar.set_prefix(name.clone());
            bar.set_message("waiting for its turn");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Box::new(Attending { name, bar, jobs: Arc::clone(&self.jobs) })
    }

    /// The jobs that were not seen to end, one line each; of `done` is known how they ended.
    #[must_use]
    pub fn open_jobs<'a>(&self, done: impl Iterator<Item = &'a Refreshed>) -> Vec<String> {
        let has_ended = |one: &&Refreshed| {
            matches!(
                one.outcome,
                RefreshOutcome::Succeeded | RefreshOutcome::Failed | RefreshOutcome::Cancelled
            )
        };
        let ended: BTreeSet<_> =
            done.filter(has_ended).filter_map(|one| one.job.as_ref().map(ToString::to_string)).collect();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let open = jobs.iter().filter(|(job, _)| !ended.contains(*job));
        open.map(|(job, name)| format!("job {job} ({name}) continues in Tableau")).collect()
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

struct Attending {
    name: String,
    bar: Option<ProgressBar>,
    jobs: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Attending {
    fn say(&self, message: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(message);
        } else {
            tracing::info!(resource = self.name, "{message}");
        }
    }
}

#[async_trait]
impl Attendant for Attending {
    async fn step(&self, step: Step<'_>) -> Result<(), RefreshError> {
        match step {
            Step::Starting { luid, .. } => self.say(format!("starting {luid}")),
            Step::Running { job, .. } => {
                let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
                jobs.insert(job.to_string(), self.name.clone());
                drop(jobs);
                self.say(format!("job {job}"));
            }
            Step::Progress(percent) => self.say(format!("{percent} %")),
            Step::Watching => self.say("jobs may not be read, watching the extract".to_owned()),
        }
        Ok(())
    }

    async fn pause(&self, length: Duration) -> Result<(), RefreshError> {
        tokio::time::sleep(length).await;
        Ok(())
    }

    async fn delay(&self, until: Timestamp, reason: &str) -> Result<(), RefreshError> {
        tracing::warn!(resource = self.name, %until, reason, "waiting before the start");
        if let Some(bar) = &self.bar {
            bar.set_message(format!("waits until {until}: {reason}"));
        }
        let length = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
        tokio::time::sleep(length.max(Duration::from_millis(1))).await;
        Ok(())
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
