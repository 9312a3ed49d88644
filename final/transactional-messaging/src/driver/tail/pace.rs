//! How long a reader pauses between two reads of its shard.

use std::time::Duration;

/// Short while rows come, longer and longer while none do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    shortest: Duration,
    longest: Duration,
    last: Duration,
}

impl Pace {
    /// A reader that was at rest.
    pub(super) fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, last: longest }
    }

    /// The pause after a read that brought rows or none.
    pub(super) fn after(&mut self, rows: bool) -> Duration {
        self.last = if rows { self.shortest } else { self.last.mul_f32(1.25).min(self.longest) };
        self.last.max(self.shortest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short_after_rows_and_grows_to_its_longest_and_never_leaves_its_bounds() {
        let [shortest, longest] = [10, 250].map(Duration::from_millis);
        let mut pace = Pace::new(shortest, longest);
        assert_eq!(pace.after(false), longest);
        assert_eq!([pace.after(true), pace.after(true)], [shortest; 2]);
        let pauses: Vec<_> = (0..20).map(|_| pace.after(false)).collect();
        assert!(pauses.is_sorted() && pauses[0] > shortest && pauses[19] == longest, "{pauses:?}");
    }
}
