//! Deliveries that were turned away because their signature does not hold: said in the log now and then, and on the page.
//!
//! Anybody can send such a thing, so nothing of it is kept but that it came. A webhook whose secret is not the configured one
//! looks the same, and is the likely cause.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// What to check.
pub const REMEDY: &str =
    "if they come from dbt, DBT_WEBHOOK_SECRET is not the secret that dbt showed when the webhook was made";
/// One line in the log for all of this time.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// How many, and when.
#[derive(Debug, Default)]
pub struct TurnedAway(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    count: u64,
    unsaid: u64,
    last: Option<Timestamp>,
    said: Option<Timestamp>,
}

impl TurnedAway {
    /// One more. Answers how many there were since the last line in the log, where it is time for another.
    pub fn add(&self, now: Timestamp) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        state.unsaid += 1;
        state.last = Some(now);
        if state.said.is_some_and(|said| now.duration_since(said).abs() < QUIET) {
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }

    /// How many since the start, and when the last came.
    pub fn so_far(&self) -> Option<(u64, Timestamp)> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.last.map(|last| (state.count, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_turned_away_is_said_at_once_and_then_once_a_minute() {
        let turned_away = TurnedAway::default();
        assert_eq!(turned_away.so_far(), None);
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("a time");
        for (second, said) in [(0, Some(1)), (1, None), (59, None), (60, Some(3)), (61, None), (500, Some(2))]
        {
            assert_eq!(turned_away.add(at(second)), said, "{second}");
        }
        assert_eq!(turned_away.so_far(), Some((6, at(500))));
    }
}
