//! A time in the past, as people write it in a flag.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::check::settings::parse_age;

/// Reads `1d`, `2026-11-18` or `2026-11-18T05:00:00Z`. Dates begin at midnight UTC, as all times of the map are UTC.
pub(super) fn parse_since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<Date>() {
        return date
            .to_zoned(TimeZone::UTC)
            .map(|zoned| zoned.timestamp())
            .map_err(|error| error.to_string());
    }
    let age = parse_age(text).map_err(|_| {
        format!("`{text}` is not a time: write how long ago (`1d`, `90m`), a date (`2026-11-18`) or a time (`2026-11-18T05:00:00Z`)")
    })?;
    Timestamp::now().checked_sub(age).map_err(|_| format!("`{text}` ago is too long ago"))
}
