//! Waiting between attempts that are counted.

use std::time::Duration;

use uuid::Uuid;

/// Exponential back-off with full jitter: each wait is drawn evenly from nothing up to a bound that doubles.
///
/// The draw comes from the seed, so a run with the same ids waits the same times, while two units of work
/// spread out.
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
        let bound = u64::try_from(self.bound_after(attempt).as_micros()).unwrap_or(u64::MAX);
        let draw = splitmix64(self.seed.wrapping_add(u64::from(attempt)));
        Some(Duration::from_micros(draw % bound.saturating_add(1)))
    }

    /// The longest that the wait after this attempt can be.
    pub(crate) fn bound_after(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring seeds over all 64 bits.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
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
