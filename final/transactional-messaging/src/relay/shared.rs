//! What many subjects wait for, until a call is made for it.

use std::time::Duration;

use tokio::time::Instant;

use super::broker::Limits;
use crate::outbox::OutboxRow;

/// Things of subjects, each with the subject's number.
pub(super) type Of<T> = Vec<(usize, T)>;

/// What waits for a call.
pub(super) struct Shared<T> {
    /// How long one waits for others, while there may be others soon.
    linger: Duration,
    waiting: Of<T>,
    since: Option<Instant>,
}

impl<T> Shared<T> {
    pub(super) fn new(linger: Duration) -> Self {
        Self { linger, waiting: Vec::new(), since: None }
    }

    pub(super) fn push(&mut self, id: usize, item: T) {
        self.waiting.push((id, item));
        self.since.get_or_insert_with(Instant::now);
    }

    /// When one has waited for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        Some(self.since? + self.linger)
    }

    /// Takes what is to be called for now: everything if nothing can be added soon or one has waited for long
    /// enough, and otherwise as much as fills calls of this size.
    pub(super) fn take(&mut self, nothing_to_come: bool, full: usize) -> Of<T> {
        let is_late = self.due().is_some_and(|due| due <= Instant::now());
        if nothing_to_come || is_late {
            self.since = None;
            std::mem::take(&mut self.waiting)
        } else {
            let count = self.waiting.len() / full * full;
            first(&mut self.waiting, count)
        }
    }
}

/// Takes the first ones away.
pub(super) fn first<T>(list: &mut Vec<T>, count: usize) -> Vec<T> {
    list.drain(..count.min(list.len())).collect()
}

/// How many of the first messages share a call: those that go to one topic, as many as the broker takes. The
/// messages of each item stay together.
pub(super) fn sharing(messages: &[(usize, Vec<OutboxRow>)], limits: Limits) -> usize {
    let (mut entries, mut bytes) = (0, 0);
    for (count, (_, rows)) in messages.iter().enumerate() {
        entries += rows.len();
        bytes += rows.iter().map(|row| row.message.len()).sum::<usize>();
        let shares = rows[0].topic == messages[0].1[0].topic;
        if count > 0 && !(shares && entries <= limits.entries && bytes <= limits.bytes) {
            return count;
        }
    }
    messages.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LIMITS: Limits = Limits { entries: 10, bytes: 1_000, keeps_order: false };

    /// The messages of one subject, each of these bytes.
    fn of_one(topic: &str, sizes: &[usize]) -> (usize, Vec<OutboxRow>) {
        let row = |size: &usize| OutboxRow {
            partition: String::new(),
            sequence: String::new(),
            predecessor: None,
            message_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            kind: String::new(),
            topic: topic.to_owned(),
            message: "x".repeat(*size),
            created_at: String::new(),
            parked: None,
        };
        (0, sizes.iter().map(row).collect())
    }

    proptest! {
        #[test]
        fn a_call_is_as_full_as_its_limits_allow_and_never_fuller(
            groups in prop::collection::vec(prop::collection::vec(1..=100_usize, 1..=10), 1..40)
        ) {
            let messages: Vec<_> = groups.iter().map(|sizes| of_one("a", sizes)).collect();
            let fits = |count: usize| {
                let sizes = || groups[..count].iter().flatten();
                sizes().count() <= LIMITS.entries && sizes().sum::<usize>() <= LIMITS.bytes
            };
            let count = sharing(&messages, LIMITS);
            prop_assert!(count > 0 && fits(count));
            prop_assert!(count == groups.len() || !fits(count + 1));
        }
    }

    #[test]
    fn a_call_goes_to_one_topic_and_a_message_that_is_too_large_goes_alone() {
        let of = |groups: &[(&str, &[usize])]| {
            let messages: Vec<_> = groups.iter().map(|(topic, sizes)| of_one(topic, sizes)).collect();
            sharing(&messages, LIMITS)
        };
        assert_eq!(of(&[("a", &[1]), ("a", &[1]), ("b", &[1])]), 2);
        assert_eq!(of(&[("a", &[1_001]), ("a", &[1])]), 1);
        assert_eq!((of(&[("a", &[500]), ("a", &[500])]), of(&[("a", &[500]), ("a", &[501])])), (2, 1));
        assert_eq!((of(&[("a", &[1; 9]), ("a", &[1])]), of(&[("a", &[1; 9]), ("a", &[1; 2])])), (2, 1));
    }

    #[test]
    fn what_waits_is_taken_in_full_calls_until_nothing_can_be_added() {
        let mut shared = Shared::new(Duration::from_secs(60));
        (0..60).for_each(|id| shared.push(id, ()));
        assert_eq!((shared.take(false, 25).len(), shared.take(false, 25).len()), (50, 0));
        assert!(shared.due().is_some_and(|due| due > Instant::now()));
        assert_eq!((shared.take(true, 25).len(), shared.due()), (10, None));
    }
}
