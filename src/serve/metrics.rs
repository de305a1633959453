//! Counters, in the text format of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::queue::STATES;

/// What a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryVerdict {
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

impl DeliveryVerdict {
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

/// How an attempt to refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Succeeded,
    /// For good.
    Failed,
    /// Badly, and there will be another.
    Retried,
    /// Before it began.
    Postponed,
}

impl End {
    const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Retried, Self::Postponed];

    const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Retried => "retried",
            Self::Postponed => "postponed",
        }
    }
}

/// Upper ends of the buckets that answer times are counted in, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0];

/// A counter for each value of one label.
type By = Family<[(&'static str, &'static str); 1], Counter>;

/// What has happened since the start.
#[derive(Debug)]
pub struct Metrics {
    deliveries: By,
    answers: Histogram,
    refreshes: By,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics =
            Self { deliveries: By::default(), answers: Histogram::new(BUCKETS), refreshes: By::default() };
        // What has not happened yet is there too, as 0: only then does the first time show as a rise.
        for verdict in DeliveryVerdict::ALL {
            metrics.deliveries.get_or_create(&[("verdict", verdict.word())]).inc_by(0);
        }
        for end in End::ALL {
            metrics.refreshes.get_or_create(&[("end", end.word())]).inc_by(0);
        }
        metrics
    }
}

impl Metrics {
    /// A delivery was answered.
    pub fn count_delivery(&self, verdict: DeliveryVerdict, took: Duration) {
        self.deliveries.get_or_create(&[("verdict", verdict.word())]).inc();
        self.answers.observe(took.as_secs_f64());
    }

    /// A refresh of the queue ended, or will be tried again.
    pub fn count_refresh(&self, end: End) {
        self.refreshes.get_or_create(&[("end", end.word())]).inc();
    }

    /// All of it, with what the queue holds now.
    #[must_use]
    pub fn text(&self, queue: &[(String, i64)]) -> String {
        let states: Family<[(&str, String); 1], Gauge> = Family::default();
        for state in STATES {
            states.get_or_create(&[("state", state.to_owned())]).set(0);
        }
        for (state, count) in queue {
            states.get_or_create(&[("state", state.clone())]).set(*count);
        }
        let mut registry = Registry::default();
        // The registry ends the sentences, and the names of counters by `_total`.
        let deliveries = "Deliveries of webhooks by what they came to";
        registry.register("tabmap_deliveries", deliveries, self.deliveries.clone());
        let answers = "How long the answer to a delivery took";
        registry.register("tabmap_delivery_seconds", answers, self.answers.clone());
        registry.register(
            "tabmap_refreshes",
            "Attempts to refresh by how they ended",
            self.refreshes.clone(),
        );
        registry.register("tabmap_queue", "Refreshes in the queue by state", states);
        let mut text = String::new();
        // Text takes all that is written to it.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, series: &str) -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().expect("a number")
    }

    #[test]
    fn every_series_is_there_before_anything_has_happened() {
        let text = Metrics::default().text(&[]);
        for (label, words) in [
            ("tabmap_deliveries_total{verdict", DeliveryVerdict::ALL.map(DeliveryVerdict::word).to_vec()),
            ("tabmap_refreshes_total{end", End::ALL.map(End::word).to_vec()),
            ("tabmap_queue{state", STATES.to_vec()),
            (
                "tabmap_delivery_seconds_bucket{le",
                vec!["0.001", "0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "+Inf"],
            ),
        ] {
            for word in words {
                let series = format!("{label}=\"{word}\"}}");
                assert!(value(&text, &series).abs() < f64::EPSILON, "{series}: {text}");
            }
        }
        for head in [
            "# HELP tabmap_deliveries_total Deliveries of webhooks by what they came to.\n# TYPE tabmap_deliveries_total counter\n",
            "# HELP tabmap_delivery_seconds How long the answer to a delivery took.\n# TYPE tabmap_delivery_seconds histogram\n",
            "# HELP tabmap_refreshes_total Attempts to refresh by how they ended.\n# TYPE tabmap_refreshes_total counter\n",
            "# HELP tabmap_queue Refreshes in the queue by state.\n# TYPE tabmap_queue gauge\n",
        ] {
            assert!(text.contains(head), "no {head} in {text}");
        }
    }

    #[test]
    fn what_happens_is_counted_under_its_word_and_its_time() {
        let metrics = Metrics::default();
        metrics.count_delivery(DeliveryVerdict::Accepted, Duration::from_millis(3));
        metrics.count_delivery(DeliveryVerdict::Accepted, Duration::from_secs(2));
        metrics.count_refresh(End::Retried);
        let text = metrics.text(&[("waiting".to_owned(), 7)]);
        for (series, expected) in [
            ("tabmap_deliveries_total{verdict=\"accepted\"}", 2.0),
            ("tabmap_deliveries_total{verdict=\"repeated\"}", 0.0),
            ("tabmap_delivery_seconds_bucket{le=\"0.001\"}", 0.0),
            ("tabmap_delivery_seconds_bucket{le=\"0.005\"}", 1.0),
            ("tabmap_delivery_seconds_bucket{le=\"1\"}", 1.0),
            ("tabmap_delivery_seconds_bucket{le=\"+Inf\"}", 2.0),
            ("tabmap_delivery_seconds_sum", 2.003),
            ("tabmap_delivery_seconds_count", 2.0),
            ("tabmap_refreshes_total{end=\"retried\"}", 1.0),
            ("tabmap_refreshes_total{end=\"failed\"}", 0.0),
            ("tabmap_queue{state=\"waiting\"}", 7.0),
        ] {
            assert!((value(&text, series) - expected).abs() < 1e-9, "{series}: {text}");
        }
    }

    #[test]
    fn state_that_this_version_does_not_know_is_shown_all_the_same() {
        let text = Metrics::default().text(&[("paused \"by hand\"".to_owned(), 1)]);
        assert!(text.contains("tabmap_queue{state=\"paused \\\"by hand\\\"\"} 1\n"), "{text}");
    }
}
