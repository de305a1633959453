//! Counters, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In the queue.
    Accepted,
    /// Its event was in the queue before.
    Repeated,
    /// Not a good end of a run.
    Ignored,
    /// No rule is about it.
    NoRule,
    /// Too old to be told from a replay.
    Old,
    /// No signature, or a wrong one.
    Unsigned,
    /// Signed, and not an event.
    Malformed,
    /// Too large or too slow.
    Cut,
    /// Too many at once.
    Overloaded,
    /// The queue could not be written.
    Failed,
}

impl Verdict {
    const ALL: [Self; 10] = [
        Self::Accepted,
        Self::Repeated,
        Self::Ignored,
        Self::NoRule,
        Self::Old,
        Self::Unsigned,
        Self::Malformed,
        Self::Cut,
        Self::Overloaded,
        Self::Failed,
    ];

    /// One word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
            Self::NoRule => "no_rule",
            Self::Old => "old",
            Self::Unsigned => "unsigned",
            Self::Malformed => "malformed",
            Self::Cut => "cut",
            Self::Overloaded => "overloaded",
            Self::Failed => "failed",
        }
    }
}

/// Upper ends of the buckets that answer times are counted in, in milliseconds.
const BUCKETS: [u64; 8] = [1, 5, 10, 50, 100, 250, 500, 1000];

/// How refreshes end, as [`Metrics::count_refresh`] counts them.
const ENDS: [&str; 4] = ["succeeded", "failed", "retried", "postponed"];

/// What has happened since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    deliveries: [AtomicU64; Verdict::ALL.len()],
    answers: [AtomicU64; BUCKETS.len()],
    answer_count: AtomicU64,
    answer_microseconds: AtomicU64,
    refreshes: [AtomicU64; ENDS.len()],
}

impl Metrics {
    /// A delivery was answered.
    pub fn count_delivery(&self, verdict: Verdict, took: Duration) {
        if let Some(at) = Verdict::ALL.iter().position(|one| *one == verdict) {
            self.deliveries[at].fetch_add(1, Ordering::Relaxed);
        }
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        for (end, bucket) in BUCKETS.iter().zip(&self.answers) {
            if milliseconds < *end {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answer_count.fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.answer_microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// A refresh of the queue ended, or will be tried again.
    pub fn count_refresh(&self, end: &str) {
        if let Some(at) = ENDS.iter().position(|one| *one == end) {
            self.refreshes[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of it, with what the queue holds now.
    #[must_use]
    pub fn text(&self, queue: &[(String, i64)]) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::new();
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line("# HELP tabmap_deliveries_total Deliveries of webhooks by what they came to.".to_owned());
        line("# TYPE tabmap_deliveries_total counter".to_owned());
        for (verdict, counter) in Verdict::ALL.iter().zip(&self.deliveries) {
            line(format!("tabmap_deliveries_total{{verdict=\"{}\"}} {}", verdict.word(), read(counter)));
        }
        line("# HELP tabmap_delivery_seconds How long the answer to a delivery took.".to_owned());
        line("# TYPE tabmap_delivery_seconds histogram".to_owned());
        for (end, bucket) in BUCKETS.iter().zip(&self.answers) {
            let end = Duration::from_millis(*end).as_secs_f64();
            line(format!("tabmap_delivery_seconds_bucket{{le=\"{end}\"}} {}", read(bucket)));
        }
        let count = read(&self.answer_count);
        line(format!("tabmap_delivery_seconds_bucket{{le=\"+Inf\"}} {count}"));
        let sum = Duration::from_micros(read(&self.answer_microseconds)).as_secs_f64();
        line(format!("tabmap_delivery_seconds_sum {sum}"));
        line(format!("tabmap_delivery_seconds_count {count}"));
        line("# HELP tabmap_refreshes_total Attempts to refresh by how they ended.".to_owned());
        line("# TYPE tabmap_refreshes_total counter".to_owned());
        for (end, counter) in ENDS.iter().zip(&self.refreshes) {
            line(format!("tabmap_refreshes_total{{end=\"{end}\"}} {}", read(counter)));
        }
        line("# HELP tabmap_queue Refreshes in the queue by state.".to_owned());
        line("# TYPE tabmap_queue gauge".to_owned());
        for state in ["waiting", "starting", "running", "succeeded", "failed", "superseded"] {
            let count = queue.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count);
            let _ = writeln!(text, "tabmap_queue{{state=\"{state}\"}} {count}");
        }
        text
    }
}
