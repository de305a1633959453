//! dbt's webhook: verified first, then parsed.
//!
//! The `Authorization` header is the hex HMAC-SHA256 of the raw body, keyed with the webhook's secret, without a
//! prefix (docs.getdbt.com, "Webhooks for your jobs"). Nothing of a body is read, kept or logged before that holds.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use sha2::Sha256;

/// Real bodies are about a kilobyte.
const LARGEST_BODY: usize = 256 * 1024;
/// How long a sender may take for its body.
const BODY_TIME: Duration = Duration::from_secs(5);
/// dbt repeats a delivery within minutes and keeps its log for 30 days. What is older is a replay: the ids of
/// events are remembered for longer than that ([`super::queue::MEMORY`]).
const OLDEST_DAYS: i64 = 30;

/// The secrets of the webhooks that deliver here.
#[derive(Debug, Clone)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// One secret, or several with white space between: of several webhooks, or of one while its secret changes.
    #[must_use]
    pub fn read(text: &SecretString) -> Self {
        Self(text.expose_secret().split_whitespace().map(SecretString::from).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them signed the body. The comparison takes the same time wherever it fails.
    fn signed(&self, body: &[u8], signature: &[u8; 32]) -> bool {
        self.0.iter().any(|secret| {
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
        })
    }
}

/// What a delivery says, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The same in every repetition.
    pub event_id: String,
    /// `job.run.started`, `job.run.completed` or `job.run.errored`.
    pub event_type: String,
    /// When dbt made the event.
    pub at: Timestamp,
    /// The dbt job.
    pub job_id: String,
    /// Its name.
    pub job_name: String,
    /// Its run.
    pub run_id: String,
    /// `Success`, `Errored`, `Cancelled` or `Running`.
    pub run_status: String,
    /// The environment.
    pub environment_id: String,
    /// Its name.
    pub environment_name: String,
}

impl Delivery {
    /// Whether a run has come to a good end: `job.run.completed` is sent for failed runs too.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.event_type == "job.run.completed" && self.run_status == "Success"
    }

    /// Whether it is too old to be told from a replay.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) > SignedDuration::from_hours(24 * OLDEST_DAYS)
    }
}

/// Why a delivery was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// No signature, or a wrong one.
    Unsigned,
    /// Signed, and not an event.
    Malformed,
    /// More than a delivery ever is.
    TooLarge,
    /// The body did not come in time, or broke off.
    TooSlow,
}

impl Rejected {
    /// How HTTP says it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// Reads a request whose signature holds.
pub async fn verified(request: Request, secrets: &Secrets) -> Result<Delivery, Rejected> {
    let header = request.headers().get(AUTHORIZATION);
    // Without a signature there is no need to read on.
    let signature = header.and_then(|header| digest(header.as_bytes())).ok_or(Rejected::Unsigned)?;
    let announced = request.headers().get("content-length");
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) {
        return Err(Rejected::TooLarge);
    }
    let body = tokio::time::timeout(BODY_TIME, to_bytes(request.into_body(), LARGEST_BODY)).await;
    let body = match body {
        Ok(Ok(body)) => body,
        // The limit is the only error that a whole body can meet.
        Ok(Err(_)) if announced.is_none() => return Err(Rejected::TooLarge),
        Ok(Err(_)) | Err(_) => return Err(Rejected::TooSlow),
    };
    if !secrets.signed(&body, &signature) {
        return Err(Rejected::Unsigned);
    }
    let event: Event = serde_json::from_slice(&body).map_err(|_| Rejected::Malformed)?;
    event.read().ok_or(Rejected::Malformed)
}

/// The 32 bytes that 64 hexadecimal digits stand for.
fn digest(text: &[u8]) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in digest.iter_mut().zip(text.chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(digest)
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventId")]
    id: String,
    #[serde(rename = "eventType")]
    kind: String,
    timestamp: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    #[serde(deserialize_with = "text")]
    job_id: String,
    #[serde(deserialize_with = "text")]
    job_name: String,
    #[serde(deserialize_with = "text")]
    run_id: String,
    #[serde(deserialize_with = "text")]
    run_status: String,
    #[serde(deserialize_with = "text")]
    environment_id: String,
    #[serde(deserialize_with = "text")]
    environment_name: String,
}

/// Text, or a number as text: dbt writes ids as text, and has changed such things before.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

impl Event {
    fn read(self) -> Option<Delivery> {
        let Self { id: event_id, kind: event_type, timestamp, data } = self;
        if event_id.is_empty() || event_id.len() > 200 {
            return None;
        }
        Some(Delivery {
            event_id,
            event_type,
            at: timestamp.parse().ok()?,
            job_id: data.job_id,
            job_name: data.job_name,
            run_id: data.run_id,
            run_status: data.run_status,
            environment_id: data.environment_id,
            environment_name: data.environment_name,
        })
    }
}
