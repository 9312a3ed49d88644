//! How rows are cut into `PublishBatch` calls, and a row as an entry of one.

use aws_sdk_sns::{
    error::BuildError,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use uuid::Uuid;

use crate::{channels::Channels, outbox::OutboxRow};

/// The most messages in one `PublishBatch` call ("Amazon SNS API Reference, PublishBatch").
pub(super) const MAX_ENTRIES: usize = 10;
/// The most bytes of one call, with room for the attributes; the API's limit is 256 KiB.
pub(super) const MAX_BATCH_BYTES: usize = 240 * 1024;

/// Cuts what goes to one topic into calls. Each item is the number of messages that stay together, and their bytes; the result is how many
/// items go with each call.
pub(super) fn pack(items: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut calls = Vec::new();
    let (mut entries, mut bytes) = (0, 0);
    for (count, size) in items {
        match calls.last_mut() {
            Some(call) if entries + count <= MAX_ENTRIES && bytes + size <= MAX_BATCH_BYTES => {
                *call += 1;
                (entries, bytes) = (entries + count, bytes + size);
            }
            _ => {
                calls.push(1);
                (entries, bytes) = (count, size);
            }
        }
    }
    calls
}

pub(super) fn entry(
    index: usize,
    row: &OutboxRow,
    channels: Channels,
) -> Result<PublishBatchRequestEntry, BuildError> {
    let text =
        |value: String| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let fifo = channels == Channels::Fifo;
    PublishBatchRequestEntry::builder()
        .set_message_group_id(fifo.then(|| group_of(&row.partition)))
        .set_message_deduplication_id(fifo.then(|| row.message_id.to_string()))
        .id(index.to_string())
        .message(&row.message)
        // For filter policies of subscriptions, and for a look at a message without parsing it.
        .message_attributes("type", text(row.kind.clone())?)
        .message_attributes("correlationid", text(row.correlation_id.to_string())?)
        .build()
}

/// The message group of a subject. A name may have 128 characters ("Amazon SNS API Reference, PublishBatchRequestEntry"); a longer one is
/// replaced by its hash.
fn group_of(partition: &str) -> String {
    if partition.len() <= 128 {
        partition.to_owned()
    } else {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, partition.as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everything_is_in_exactly_one_call_within_the_limits(
            items in prop::collection::vec((1..=MAX_ENTRIES, 1usize..MAX_BATCH_BYTES), 0..40)
        ) {
            let mut rest = items.as_slice();
            for call in pack(items.iter().copied()) {
                let (of_call, others) = rest.split_at(call);
                prop_assert!(of_call.iter().map(|item| item.0).sum::<usize>() <= MAX_ENTRIES);
                prop_assert!(of_call.iter().map(|item| item.1).sum::<usize>() <= MAX_BATCH_BYTES);
                rest = others;
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn two_messages_share_a_call_as_long_as_their_sum_is_within_the_limit(first in 1..MAX_BATCH_BYTES - 1) {
            for sum in [MAX_BATCH_BYTES - 1, MAX_BATCH_BYTES, MAX_BATCH_BYTES + 1] {
                let calls = pack([(1, first), (1, sum - first)]);
                prop_assert_eq!(calls.len(), if sum <= MAX_BATCH_BYTES { 1 } else { 2 });
            }
        }
    }

    #[test]
    fn nine_and_ten_messages_are_one_call_and_eleven_are_two() {
        let calls = |count| pack(vec![(1, 1); count]);
        assert_eq!((calls(9), calls(10), calls(11)), (vec![9], vec![10], vec![10, 1]));
        assert_eq!(pack([(10, 10), (1, 1), (9, 9), (1, 1)]), [1, 2, 1], "a group is not torn apart");
    }

    #[test]
    fn a_group_is_the_subject_or_the_hash_of_a_long_one() {
        assert_eq!(group_of("SUBJECT#order/1"), "SUBJECT#order/1");
        let long = |end: &str| group_of(&format!("{}{end}", "x".repeat(200)));
        assert!(long("a").len() <= 128 && long("a") != long("b"));
    }
}
