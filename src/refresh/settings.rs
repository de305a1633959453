//! What can be set about refreshes: the `[refresh]` section.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

/// The `[refresh]` section, with its defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshSettings {
    /// The file that remembers starts and polls, and holds the queue of `serve`.
    pub file: PathBuf,
    /// How long a job may take before it is given up on.
    pub timeout: Span,
    /// The pause before the first look at a job.
    pub first_poll: Span,
    /// The longest pause between two looks.
    pub longest_poll: Span,
    /// How many refreshes are on their way at once.
    pub max_parallel: NonZeroUsize,
    /// How many refreshes may start on a site.
    pub starts: Rate,
    /// How often the jobs of a site may be looked at.
    pub polls: Rate,
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            file: PathBuf::from("tabmap-refreshes.db"),
            timeout: Span(Duration::from_secs(2 * 60 * 60)),
            // The waits of tableauserverclient's `wait_for_job`.
            first_poll: Span(Duration::from_millis(500)),
            longest_poll: Span(Duration::from_secs(30)),
            max_parallel: NonZeroUsize::MIN.saturating_add(9),
            // The limits of Tableau Cloud for each site ("Tableau Cloud Site Capacity").
            starts: Rate::Limited { count: 60, per: Duration::from_secs(60 * 60) },
            polls: Rate::Limited { count: 20_000, per: Duration::from_secs(24 * 60 * 60) },
        }
    }
}

/// Longer than anybody waits, and short enough for every clock.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A length of time as people write it: `500ms`, `30s`, `2h`, `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match length(text)? {
            Duration::ZERO => {
                Err(format!("`{text}` is no time at all: write `500ms`, `30s`, `2h` or `1h 30m`"))
            }
            length => Ok(Self(length)),
        }
    }
}

/// A length of time that may be zero, such as `0s`.
pub fn length(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.trim().parse().ok();
    let length = parsed.and_then(|length| Duration::try_from(length).ok());
    let length = length
        .ok_or_else(|| format!("`{text}` is not a length of time: write `500ms`, `30s`, `2h` or `1h 30m`"))?;
    if length > LONGEST { Err(format!("`{text}` is longer than a year")) } else { Ok(length) }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How often something may happen: `60/1h`, or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Rate {
    /// So many times in any stretch of this length.
    Limited {
        /// How many times.
        count: u32,
        /// The length.
        per: Duration,
    },
    /// As often as wanted.
    Unlimited,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let parsed = text.split_once('/').and_then(|(count, per)| {
            let count = count.trim().parse().ok().filter(|&count| count > 0)?;
            Some(Self::Limited { count, per: per.parse::<Span>().ok()?.0 })
        });
        parsed.ok_or_else(|| format!("`{text}` is not a rate: write `60/1h`, or `unlimited`"))
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
