//! An answer before anybody knows what it means, and how much failure is taken for passing.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::clock::date_of;

/// How much failure is taken for passing.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryRules {
    /// How often a call is sent in all. A server that limits the rate is always met with the usual number.
    pub attempts: u32,
    /// Whether a good status without JSON is a gateway's doing, or that of a server which is not Tableau.
    pub only_json: bool,
}

impl RetryRules {
    pub const USUAL: Self = Self { attempts: 5, only_json: true };
    /// A server that we do not know yet: what it answers, it will answer again.
    pub const STRANGER: Self = Self { only_json: false, ..Self::USUAL };
    /// A server about which one wants to know, and at once.
    pub const ONCE: Self = Self { attempts: 1, ..Self::STRANGER };
    /// A query that may be too large: asked again in smaller pieces rather than as it is.
    pub const QUERY: Self = Self { attempts: 2, ..Self::USUAL };
}

#[derive(Debug, Deserialize)]
pub(super) struct RestError {
    pub code: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub detail: String,
}

pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Whether the body goes on behind what was read of it.
    pub is_too_large: bool,
}

impl Reply {
    pub fn is_passing_failure(&self, rules: RetryRules) -> bool {
        let begins_as_json = || self.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        matches!(self.status.as_u16(), 408 | 500 | 502 | 503 | 504)
            || rules.only_json && self.status.is_success() && !begins_as_json() && !self.is_xml()
    }

    /// Whether Tableau answered as it does to those who do not ask for JSON.
    pub fn is_xml(&self) -> bool {
        let beginning = self.body.get(..200).unwrap_or(&self.body);
        String::from_utf8_lossy(beginning).contains("<tsResponse")
    }

    pub fn rest_error(&self) -> Option<RestError> {
        #[derive(Deserialize)]
        struct Envelope {
            error: RestError,
        }
        serde_json::from_slice::<Envelope>(&self.body).ok().map(|envelope| envelope.error)
    }

    /// How long the server asks to wait: the `Retry-After` header, or the words "retry after 29 minutes".
    pub fn wait(&self) -> Option<Duration> {
        let header = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        if let Some(wait) = header.and_then(retry_after) {
            return Some(wait);
        }
        let detail = self.rest_error()?.detail;
        let (_, rest) = detail.split_once("retry after ")?;
        let mut words = rest.split_whitespace();
        let number: u64 = words.next()?.parse().ok()?;
        let unit = if words.next()?.starts_with("minute") { 60 } else { 1 };
        Some(Duration::from_secs(number.saturating_mul(unit)))
    }

    /// When it was given, by the server's clock.
    pub fn date(&self) -> Option<Timestamp> {
        date_of(&self.headers)
    }

    /// The first 200 characters of the body on one line.
    pub fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(200).collect();
        if line.is_empty() { "(empty)".to_owned() } else { line }
    }
}

/// A number of seconds, or a date, which gateways send (RFC 9110, 10.2.3).
fn retry_after(header: &str) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(header).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}
