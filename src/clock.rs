//! What the date of an answer tells of two clocks.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap};

/// When an answer was given, by the server's clock.
pub fn date_of(headers: &HeaderMap) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(headers.get(DATE)?.to_str().ok()?).ok()
}

/// How far a clock is ahead, at the least, that gave a `date` in whole seconds between two moments of this machine.
#[must_use]
pub fn ahead(date: Timestamp, before: Timestamp, after: Timestamp) -> SignedDuration {
    let latest = date + SignedDuration::from_secs(1);
    if date > after {
        date.duration_since(after)
    } else if latest < before {
        latest.duration_since(before)
    } else {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_only_as_far_as_the_date_and_the_way_to_the_server_leave_no_doubt() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for (date, before, after, off) in [
            (10, 10, 12, 0),
            (9, 10, 12, 0),
            (12, 10, 12, 0),
            (13, 10, 12, 1),
            (70, 10, 10, 60),
            (-51, 10, 30, -60),
        ] {
            assert_eq!(ahead(at(date), at(before), at(after)).as_secs(), off, "{date} {before} {after}");
        }
    }
}
