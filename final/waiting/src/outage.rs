//! A loop that never ends, while what it needs is away.

use std::{convert::Infallible, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use crate::backoff::Backoff;

/// While it lasts, it is told of this often.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What an endless loop keeps about its failures: how long to pause, and whether to say anything.
///
/// ```
/// # use std::time::Duration;
/// # use uuid::Uuid;
/// # use waiting::Outage;
/// # async fn receive() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn example() {
/// let seed = Uuid::from_u128(7);
/// let mut outage = Outage::new("receiving_failed", "orders", seed, Duration::from_secs(1), Duration::from_secs(30));
/// loop {
///     match receive().await {
///         Ok(()) => outage.over(),
///         Err(error) => tokio::time::sleep(outage.failed(error)).await,
///     }
/// #   break;
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Outage {
    event: &'static str,
    of: String,
    backoff: Backoff,
    longest: Duration,
    failures: u32,
    since: Option<Instant>,
    told: Option<Instant>,
}

impl Outage {
    /// No failure so far. `event` is the name of the log event, `of` what it is about (a queue, a shard). The
    /// pause after the first failure is `first` at most, the next bound is twice that, up to `longest`; each
    /// pause is drawn from the upper half of its bound, by the seed, so that processes that failed together
    /// do not come back together.
    pub fn new(
        event: &'static str,
        of: impl Into<String>,
        seed: Uuid,
        first: Duration,
        longest: Duration,
    ) -> Self {
        let backoff = Backoff::new(seed, u32::MAX, first, longest);
        Self { event, of: of.into(), backoff, longest, failures: 0, since: None, told: None }
    }

    /// Another failure: returns how long to pause. It is logged as a warning when it is the first, and then
    /// once a minute.
    #[must_use = "a loop that does not pause asks again at once"]
    pub fn failed(&mut self, error: impl std::fmt::Display) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        if self.told.is_none_or(|told| now - told >= TOLD_EVERY) {
            self.told = Some(now);
            let (of, failures, for_s) = (self.of.as_str(), self.failures, (now - since).as_secs());
            tracing::warn!(of, %error, failures, for_s, "{}", self.event);
        }
        let bound = self.backoff.bound_after(self.failures).min(self.longest);
        bound / 2 + self.backoff.delay_after(self.failures).unwrap_or(bound) / 2
    }

    /// It works. If it had failed before, that is logged as information.
    pub fn over(&mut self) {
        if let Some(since) = self.since.take() {
            let (of, failures, lasted_s) = (self.of.as_str(), self.failures, since.elapsed().as_secs());
            tracing::info!(of, failures, lasted_s, "{}__over", self.event);
            (self.failures, self.told) = (0, None);
        }
    }

    /// Works in rounds that never end: a pause, and then a round. How long it rests before the next one,
    /// `rest` says from the number of rounds so far, of which the first is 0; after a round that failed the
    /// pause is that of [`failed`](Self::failed).
    pub async fn rounds<E: std::fmt::Display, F: Future<Output = Result<(), E>>>(
        mut self,
        rest: impl Fn(u32) -> Duration,
        round: impl Fn() -> F,
    ) -> Infallible {
        let (mut number, mut pause) = (0_u32, rest(0));
        loop {
            tokio::time::sleep(pause).await;
            let done = round().await;
            number = number.wrapping_add(1).max(1);
            pause = match done {
                Ok(()) => {
                    self.over();
                    rest(number)
                }
                Err(error) => self.failed(error),
            };
        }
    }

    /// Whether the last try failed.
    pub fn lasts(&self) -> bool {
        self.since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use support::logs::Lines;

    use super::*;

    fn outage() -> Outage {
        Outage::new(
            "asking_failed",
            "table",
            Uuid::from_u128(7),
            Duration::from_secs(1),
            Duration::from_secs(30),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn ten_minutes_of_failures_are_eleven_warnings_and_one_line_when_it_is_over() {
        let (lines, _guard) = Lines::capture();
        let mut outage = outage();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(600) {
            tokio::time::sleep(outage.failed("away").min(Duration::from_secs(10))).await;
        }
        assert!(outage.lasts());
        outage.over();
        outage.over();
        let text = lines.text();
        let count = |what| text.lines().filter(|line| line.contains(what)).count();
        assert!((9..=11).contains(&count("WARN")), "{text}");
        assert_eq!(count("asking_failed__over"), 1, "{text}");
        assert!(!outage.lasts());
    }

    proptest! {
        #[test]
        fn pauses_grow_up_to_the_longest_and_are_never_less_than_half_of_it(seed: u128) {
            let longest = Duration::from_secs(30);
            let mut outage = Outage::new("x", "y", Uuid::from_u128(seed), Duration::from_secs(1), longest);
            for failure in 1..40u32 {
                let bound = Duration::from_secs(1 << (failure - 1).min(5)).min(longest);
                let pause = outage.failed("away");
                prop_assert!(pause >= bound / 2 && pause <= bound, "{failure}: {pause:?} of {bound:?}");
            }
        }
    }
}
