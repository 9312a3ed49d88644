//! When items can have expired: dynoxide's search for them reads every item, so it is made only then.
//!
//! A time to live is a Unix time in seconds, a number of ten digits until the year 2286. Whatever number of ten digits a write contains
//! may be one. That is more than there are, and costs a search too many now and then; it is never too few, except for a time that a
//! write computes, for which there is a search every ten minutes anyway. (AWS takes up to a few days.)

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The longest time between two searches.
const AT_LEAST_EVERY_S: u64 = 10 * 60;

const DIGITS: usize = 10;

/// The moments at which items may expire.
#[derive(Default)]
pub(crate) struct Expiry(Mutex<State>);

#[derive(Default)]
struct State {
    times: BTreeSet<u64>,
    /// 0: not yet, which is due at once, for what a file holds already.
    searched: u64,
}

impl Expiry {
    /// Remembers what may be a time to live in a write.
    pub(crate) fn saw(&self, write: &[u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for digits in write.chunk_by(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
            if digits.len() == DIGITS && digits[0].is_ascii_digit() {
                state
                    .times
                    .insert(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
            }
        }
    }

    /// A time to live was switched on: items that are there already may be due.
    pub(crate) fn changed(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).searched = 0;
    }

    /// Whether a search is due now; if so, it counts as made.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = state.times.first().is_some_and(|first| *first < now);
        if passed {
            state.times = state.times.split_off(&now);
        }
        let due = passed || now.saturating_sub(state.searched) >= AT_LEAST_EVERY_S;
        if due {
            state.searched = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    #[test]
    fn a_search_is_due_once_after_a_time_has_passed_and_every_ten_minutes() {
        let expiry = Expiry::default();
        assert!(expiry.is_due(NOW), "nothing is known of the items that are there");
        expiry.saw(br#"{"Item":{"expires":{"N":"1767225610"},"version":{"N":"3"}}}"#);
        let due: Vec<u64> = (NOW..NOW + 20).filter(|now| expiry.is_due(*now)).map(|now| now - NOW).collect();
        assert_eq!(due, [11], "expired is what lies before now, as AWS says");
        assert!(!expiry.is_due(NOW + 610) && expiry.is_due(NOW + 611));
        expiry.changed();
        assert!(expiry.is_due(NOW + 612));
    }

    #[test]
    fn only_a_number_of_ten_digits_may_be_a_time() {
        let expiry = Expiry::default();
        expiry.is_due(NOW);
        expiry.saw(b"1 123456789 12345678901 a17672256");
        assert!(!expiry.is_due(NOW + 1));
        expiry.saw(b"1767225600.5");
        assert!(expiry.is_due(NOW + 2));
    }
}
