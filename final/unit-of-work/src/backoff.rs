//! Waiting between attempts, and trying again after a lost race.

use std::{future::Future, time::Duration};

use uuid::Uuid;

/// Exponential back-off with full jitter: each wait is drawn evenly from nothing up to a bound that doubles.
///
/// The draw comes from the seed, so a run with the same ids waits the same times, while two units of work spread out.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    seed: u64,
    base: Duration,
    cap: Duration,
    attempts: u32,
}

impl Backoff {
    /// At most `attempts` tries; the first wait is drawn up to `base`, the bound doubles up to `cap`.
    pub fn new(seed: Uuid, attempts: u32, base: Duration, cap: Duration) -> Self {
        let (high, low) = seed.as_u64_pair();
        Self { seed: high ^ low, base, cap, attempts }
    }

    /// How often to try in all.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The wait after the attempt with this number, counted from 1; `None` when it was the last.
    pub fn delay_after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(20);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        let bound = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        let draw = splitmix64(self.seed.wrapping_add(u64::from(attempt)));
        Some(Duration::from_micros(draw % bound.saturating_add(1)))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring seeds over all 64 bits.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// An error that may mean: somebody else's commit came between load and commit, so load, decide and commit anew.
pub trait LostRace {
    /// Whether it means that.
    fn is_lost_race(&self) -> bool;
}

/// Runs `attempt` (load, decide, commit) again while it loses races, waiting with jitter in between.
///
/// # Errors
///
/// The error of the last attempt: a lost race when the attempts are used up, or any other error at once.
pub async fn retry_lost_races<T, E, F, Fut>(backoff: Backoff, mut attempt: F) -> Result<T, E>
where
    E: LostRace,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.is_lost_race() => match backoff.delay_after(tries) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            },
            outcome => return outcome,
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_stay_under_their_doubling_bound_and_end(seed: u128, attempt in 1u32..40) {
            let backoff = Backoff::new(Uuid::from_u128(seed), 12, Duration::from_millis(20), Duration::from_secs(1));
            match backoff.delay_after(attempt) {
                Some(delay) => {
                    prop_assert!(attempt < 12);
                    prop_assert!(delay <= Duration::from_millis(20 * (1 << (attempt - 1))).min(Duration::from_secs(1)));
                }
                None => prop_assert!(attempt >= 12),
            }
        }
    }

    #[test]
    fn the_same_seed_waits_the_same_and_another_seed_differs() {
        let waits = |seed| {
            let backoff =
                Backoff::new(Uuid::from_u128(seed), 8, Duration::from_secs(1), Duration::from_secs(60));
            (1..8).map(|attempt| backoff.delay_after(attempt)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
