//! Times as Tableau writes them: `YYYY-MM-DDTHH:MM:SSZ`.

use jiff::Timestamp;

/// When all content that the server starts with was made; fixed, so that generated content is the same every day.
pub(crate) const START: &str = "2024-02-29T12:00:00Z";

pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn seconds_since_1970() -> i64 {
    Timestamp::now().as_second()
}

/// That long from now, as HTTP writes dates.
pub(crate) fn http_date(ahead: std::time::Duration) -> String {
    let ahead = jiff::SignedDuration::try_from(ahead).unwrap_or_default();
    let now = Timestamp::now();
    now.saturating_add(ahead).unwrap_or(now).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
