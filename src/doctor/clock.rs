//! What a clock that is off means.

use jiff::SignedDuration;

use super::outcome::{CheckOutcome, Status};
use crate::text::plural;

/// A clock that is this much off makes sign-ins fail: Snowflake takes the token of a key pair for a minute.
const FAR_OFF: SignedDuration = SignedDuration::from_secs(60);
const OFF: SignedDuration = SignedDuration::from_secs(5);

/// What it means that a server's clock is ahead, or behind.
pub(super) fn of_clock(server: &str, ahead: Option<SignedDuration>) -> CheckOutcome {
    let Some(ahead) = ahead else {
        return CheckOutcome::unknown(
            format!("the answer of {server} has no date"),
            "compare this machine's clock with a time server's",
        );
    };
    let off = ahead.abs();
    let seconds = plural(off.as_secs().unsigned_abs(), "second");
    // The server's clock is taken to be right.
    let way = if ahead.is_positive() { "behind" } else { "ahead of" };
    let said = format!("this machine's clock is {seconds} {way} the clock of {server}");
    let remedy = "set this machine's clock, and keep it by a time server (NTP): sign-ins with a connected app or a key pair \
                  fail when it is off, and times in the map come from it";
    if off < OFF {
        CheckOutcome::ok(format!("this machine's clock agrees with that of {server}"))
    } else if off < FAR_OFF {
        CheckOutcome::problem(said, remedy).with_status(Status::Warning)
    } else {
        CheckOutcome::problem(said, remedy)
    }
}
