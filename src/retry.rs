//! One retry policy: exponential backoff with jitter.

use std::time::Duration;

use backon::{BackoffBuilder, BlockingRetryable, ExponentialBuilder, Retryable};

/// How often something is tried, and how long the pauses are in between.
///
/// Pauses double. Each is between half its length and its whole length, at random, so that callers that failed
/// together do not come back together.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    attempts: usize,
    first: Duration,
    longest: Duration,
    factor: f32,
}

impl RetryPolicy {
    /// So many attempts in all, and a first pause of this length.
    #[must_use]
    pub const fn new(attempts: usize, first: Duration) -> Self {
        Self { attempts, first, longest: Duration::from_secs(60), factor: 2.0 }
    }

    /// No pause is longer than this; without it, than a minute.
    #[must_use]
    pub const fn up_to(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Pauses grow by this factor; without it, they double.
    #[must_use]
    pub const fn growing_by(self, factor: f32) -> Self {
        Self { factor, ..self }
    }

    /// The pauses between the attempts, for a loop that sleeps in its own way.
    pub fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.builder().build()
    }

    /// Calls until it succeeds, the attempts are used up, or `again` says no. `again` is given the failure and the
    /// pause of the policy, and answers the pause to take: that one, or another that a server asked for.
    pub async fn run<T, E, Call: Future<Output = Result<T, E>>>(
        &self,
        call: impl FnMut() -> Call,
        mut again: impl FnMut(&E, Duration) -> Option<Duration>,
    ) -> Result<T, E> {
        call.retry(self.builder()).adjust(|error, pause| again(error, pause?)).await
    }

    /// The same, on a thread that may block.
    pub fn run_blocking<T, E>(
        &self,
        call: impl FnMut() -> Result<T, E>,
        again: impl FnMut(&E) -> bool,
    ) -> Result<T, E> {
        call.retry(self.builder()).when(again).call()
    }

    /// backon adds up to the whole of a pause to it as jitter, so it is told half.
    fn builder(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_jitter()
            .with_factor(self.factor)
            .with_min_delay(self.first.min(self.longest) / 2)
            .with_max_delay(self.longest / 2)
            .with_max_times(self.attempts.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    async fn count(policy: RetryPolicy, again: impl FnMut(&u32, Duration) -> Option<Duration>) -> u32 {
        let mut calls = 0;
        let call = || {
            calls += 1;
            std::future::ready(Err::<(), _>(calls))
        };
        policy.run(call, again).await.expect_err("it never succeeds")
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_vary_below() {
        let policy = RetryPolicy::new(6, 100 * MS).up_to(500 * MS);
        for _ in 0..50 {
            let pauses: Vec<_> = policy.pauses().collect();
            let nominal = [100, 200, 400, 500, 500].map(|ms| ms * MS);
            assert_eq!(pauses.len(), nominal.len());
            for (pause, nominal) in pauses.into_iter().zip(nominal) {
                assert!((nominal / 2..=nominal).contains(&pause), "{pause:?} for {nominal:?}");
            }
        }
    }

    #[test]
    fn pauses_grow_as_told_and_the_first_is_no_longer_than_the_longest() {
        let slow = RetryPolicy::new(3, 100 * MS).growing_by(1.0).pauses();
        assert!(slow.into_iter().all(|pause| pause <= 100 * MS));
        assert!(RetryPolicy::new(2, 100 * MS).up_to(10 * MS).pauses().all(|pause| pause <= 10 * MS));
        assert_eq!(RetryPolicy::new(1, MS).pauses().count(), 0);
        assert_eq!(RetryPolicy::new(0, MS).pauses().count(), 0);
    }

    #[tokio::test]
    async fn a_failure_is_tried_again_until_the_attempts_are_used_up_or_the_answer_is_no() {
        let policy = RetryPolicy::new(4, MS);
        assert_eq!(count(policy, |_, pause| Some(pause)).await, 4);
        assert_eq!(count(policy, |_, _| None).await, 1);
        assert_eq!(count(policy, |&calls, pause| (calls < 2).then_some(pause)).await, 2);
    }

    #[tokio::test]
    async fn the_pause_that_a_server_asks_for_takes_the_place_of_ours() {
        let policy = RetryPolicy::new(3, Duration::from_secs(3600)).up_to(Duration::from_secs(3600));
        assert_eq!(count(policy, |_, _| Some(MS)).await, 3);
    }

    #[test]
    fn a_blocking_call_is_tried_again_while_the_answer_is_yes() {
        for (attempts, most, expected) in [(5, 9, 5), (5, 2, 2), (1, 9, 1)] {
            let mut calls = 0;
            let call = || {
                calls += 1;
                Err::<(), _>(calls)
            };
            let result = RetryPolicy::new(attempts, MS).run_blocking(call, |&calls| calls < most);
            assert_eq!(result, Err(expected));
        }
    }
}
