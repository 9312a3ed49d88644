//! How rows are cut into `PublishBatch` calls, and a row as an entry of one.

use aws_sdk_sns::{
    error::BuildError,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use uuid::Uuid;

use crate::{channels::Channels, outbox::OutboxRow};

/// The most messages in one `PublishBatch` call ("Amazon SNS API Reference, PublishBatch").
const MAX_ENTRIES: usize = 10;
/// The most bytes of one call, with room for the attributes; the API's limit is 256 KiB.
const MAX_BATCH_BYTES: usize = 240 * 1024;

/// Cuts the messages of one topic into calls.
pub(super) fn pack(rows: &[&OutboxRow]) -> Vec<Vec<usize>> {
    let mut calls: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for (index, row) in rows.iter().enumerate() {
        let size = row.message.len();
        match calls.last_mut() {
            Some(call) if call.len() < MAX_ENTRIES && bytes + size <= MAX_BATCH_BYTES => {
                call.push(index);
                bytes += size;
            }
            _ => {
                calls.push(vec![index]);
                bytes = size;
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

    fn row(bytes: usize) -> OutboxRow {
        OutboxRow {
            partition: String::new(),
            sequence: String::new(),
            message_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            kind: String::new(),
            topic: "t".to_owned(),
            message: "x".repeat(bytes),
            created_at: String::new(),
            predecessor: None,
            parked: None,
        }
    }

    proptest! {
        #[test]
        fn every_message_is_in_exactly_one_call_within_the_limits(sizes in prop::collection::vec(1usize..128 * 1024, 0..40)) {
            let rows: Vec<_> = sizes.iter().map(|size| row(*size)).collect();
            let rows: Vec<_> = rows.iter().collect();
            let calls = pack(&rows);
            prop_assert_eq!(calls.concat(), (0..rows.len()).collect::<Vec<_>>());
            for call in calls {
                prop_assert!(call.len() <= MAX_ENTRIES);
                prop_assert!(call.iter().map(|index| sizes[*index]).sum::<usize>() <= MAX_BATCH_BYTES);
            }
        }
    }

    proptest! {
        #[test]
        fn two_messages_share_a_call_as_long_as_their_sum_is_within_the_limit(first in 1..MAX_BATCH_BYTES - 1) {
            for sum in [MAX_BATCH_BYTES - 1, MAX_BATCH_BYTES, MAX_BATCH_BYTES + 1] {
                let rows = [row(first), row(sum - first)];
                let calls = pack(&rows.iter().collect::<Vec<_>>());
                prop_assert_eq!(calls.len(), if sum <= MAX_BATCH_BYTES { 1 } else { 2 });
            }
        }
    }

    #[test]
    fn nine_and_ten_messages_are_one_call_and_eleven_are_two() {
        let row = row(1);
        let calls = |count| pack(&vec![&row; count]).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!((calls(9), calls(10), calls(11)), (vec![9], vec![10], vec![10, 1]));
    }

    #[test]
    fn a_group_is_the_subject_or_the_hash_of_a_long_one() {
        assert_eq!(group_of("SUBJECT#order/1"), "SUBJECT#order/1");
        let long = |end: &str| group_of(&format!("{}{end}", "x".repeat(200)));
        assert!(long("a").len() <= 128 && long("a") != long("b"));
    }

    #[test]
    fn small_messages_need_one_call_for_ten() {
        let row = row(300);
        assert_eq!(pack(&vec![&row; 100]).len(), 10);
    }
}
