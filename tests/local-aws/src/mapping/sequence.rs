//! Sequence numbers, and how far a shard has been processed.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// The sequence number of a stream record: 21 to 40 decimal digits, ordered by value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SequenceNumber(String);

impl SequenceNumber {
    pub(crate) fn new(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for SequenceNumber {
    /// By value: 40 digits do not fit into any integer type, and text alone would put "9" above "10".
    fn cmp(&self, other: &Self) -> Ordering {
        let value = |number: &Self| number.0.trim_start_matches('0').len();
        value(self).cmp(&value(other)).then_with(|| {
            self.0
                .trim_start_matches('0')
                .cmp(other.0.trim_start_matches('0'))
                .then_with(|| self.0.cmp(&other.0))
        })
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a shard is done: every record up to and including the position is processed, skipped or discarded.
///
/// With a parallelization factor above 1 records finish out of order. The position then stops below the first
/// record that is still open, so that a new start repeats records but leaves none out.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    position: Option<SequenceNumber>,
    done_by_number: BTreeMap<SequenceNumber, bool>,
}

impl Checkpoint {
    /// A record has been read and must be done before the position may pass it.
    pub(crate) fn opened(&mut self, number: SequenceNumber) {
        self.done_by_number.entry(number).or_insert(false);
    }

    /// A record needs no more work.
    pub(crate) fn done(&mut self, number: &SequenceNumber) {
        if let Some(done) = self.done_by_number.get_mut(number) {
            *done = true;
        }
        while let Some(first) = self.done_by_number.first_entry().filter(|first| *first.get()) {
            let number = Some(first.remove_entry().0);
            // Records that are read twice, after a gap in the stream, do not move the position back.
            self.position = self.position.take().max(number);
        }
    }

    /// Forgets what was read beyond the position, which is what a poller that starts again does.
    pub(crate) fn restart(&mut self) {
        self.done_by_number.clear();
    }

    pub(crate) fn position(&self) -> Option<&SequenceNumber> {
        self.position.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: u64) -> SequenceNumber {
        SequenceNumber::new(&value.to_string())
    }

    proptest! {
        #[test]
        fn sequence_numbers_order_as_integers(left: u64, right: u64) {
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
        }

        #[test]
        fn the_position_never_passes_an_open_record(order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut checkpoint = Checkpoint::default();
            (0..20).for_each(|value| checkpoint.opened(number(value)));
            for done in 0..order.len() {
                checkpoint.done(&number(order[done]));
                let lowest_open = order[done + 1..].iter().min();
                let expected = match lowest_open {
                    Some(0) => None,
                    Some(open) => Some(number(open - 1)),
                    None => Some(number(19)),
                };
                prop_assert_eq!(checkpoint.position(), expected.as_ref());
            }
        }
    }

    #[test]
    fn records_read_again_do_not_move_the_position_back() {
        let mut checkpoint = Checkpoint::default();
        for value in [1, 2, 1] {
            checkpoint.opened(number(value));
            checkpoint.done(&number(value));
        }
        assert_eq!(checkpoint.position(), Some(&number(2)));
    }

    #[test]
    fn a_restart_keeps_the_position_only() {
        let mut checkpoint = Checkpoint::default();
        (1..=3).for_each(|value| checkpoint.opened(number(value)));
        checkpoint.done(&number(1));
        checkpoint.done(&number(3));
        checkpoint.restart();
        assert_eq!(checkpoint.position(), Some(&number(1)));
        checkpoint.opened(number(2));
        checkpoint.done(&number(2));
        assert_eq!(checkpoint.position(), Some(&number(2)));
    }
}
