//! Publishing to SNS in batches, with a verdict for each message.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sns::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use futures::{StreamExt as _, stream};
use uuid::Uuid;

use super::topics::{LookupError, TopicDirectory, TopicLookup};
use crate::{channels::Channels, outbox::OutboxRow};

/// The most messages in one `PublishBatch` call ("Amazon SNS API Reference, PublishBatch").
const MAX_ENTRIES: usize = 10;
/// The most bytes of one call, with room for the attributes; the API's limit is 256 KiB.
const MAX_BATCH_BYTES: usize = 240 * 1024;
/// How many calls are under way at once.
const CONCURRENT_CALLS: usize = 8;

/// Publishes to the topics of one directory.
#[derive(Clone, Debug)]
pub struct SnsPublisher {
    sns: Client,
    topics: TopicLookup,
    channels: Channels,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Sent,
    /// Sending it again may help.
    Again(String),
    /// Sending it again as it is cannot help.
    Poison(String),
}

impl SnsPublisher {
    /// A publisher for the topics of this directory.
    pub fn new(sns: Client, directory: TopicDirectory) -> Self {
        Self { topics: TopicLookup::new(sns.clone(), directory), sns, channels: Channels::Standard }
    }

    /// The same for topics of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Sends rows, each of another subject, so that their order among each other does not matter. The verdicts come in the order of
    /// the rows.
    pub(super) async fn send(&self, rows: &[&OutboxRow]) -> Vec<Verdict> {
        let mut verdicts: Vec<_> = rows.iter().map(|_| Verdict::Again("not sent".to_owned())).collect();
        let mut calls = Vec::new();
        for (topic, indexes) in by_topic(rows) {
            match self.topics.arn_of(&self.channels.name(topic)).await {
                Ok(arn) => calls.extend(pack(rows, indexes).into_iter().map(|chunk| (arn.clone(), chunk))),
                Err(why) => indexes.iter().for_each(|index| verdicts[*index] = without_topic(topic, &why)),
            }
        }
        let done = stream::iter(calls)
            .map(|(arn, chunk)| async move { self.send_chunk(&arn, rows, chunk).await })
            .buffer_unordered(CONCURRENT_CALLS)
            .collect::<Vec<_>>();
        for (index, verdict) in done.await.into_iter().flatten() {
            verdicts[index] = verdict;
        }
        verdicts
    }

    async fn send_chunk(&self, arn: &str, rows: &[&OutboxRow], chunk: Vec<usize>) -> Vec<(usize, Verdict)> {
        match self.call(arn, rows, &chunk).await {
            // One bad message can make SNS refuse the call as a whole: find out which by sending them singly.
            Err(Verdict::Poison(_)) if chunk.len() > 1 => {
                let mut verdicts = Vec::with_capacity(chunk.len());
                for index in chunk {
                    verdicts.extend(
                        self.call(arn, rows, &[index]).await.unwrap_or_else(|verdict| vec![(index, verdict)]),
                    );
                }
                verdicts
            }
            Ok(verdicts) => verdicts,
            Err(verdict) => chunk.into_iter().map(|index| (index, verdict.clone())).collect(),
        }
    }

    /// One `PublishBatch`. It answers 200 even when it took only some of the entries, so each entry is looked up in the answer.
    async fn call(
        &self,
        arn: &str,
        rows: &[&OutboxRow],
        chunk: &[usize],
    ) -> Result<Vec<(usize, Verdict)>, Verdict> {
        let entries: Result<Vec<_>, _> =
            chunk.iter().map(|index| entry(*index, rows[*index], self.channels)).collect();
        let entries = entries.map_err(|error| Verdict::Poison(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "this is the relay")]
        let request =
            self.sns.publish_batch().topic_arn(arn).set_publish_batch_request_entries(Some(entries));
        let answer = request.send().await.map_err(|error| {
            if error.code() == Some("NotFound") {
                self.topics.forget(arn);
            }
            refused(&error)
        })?;
        let mut by_id: HashMap<&str, Verdict> = HashMap::new();
        by_id.extend(answer.successful().iter().filter_map(|entry| Some((entry.id()?, Verdict::Sent))));
        by_id.extend(answer.failed().iter().map(|entry| {
            let code = entry.code().to_owned();
            (entry.id(), if entry.sender_fault() { Verdict::Poison(code) } else { Verdict::Again(code) })
        }));
        let missing = || Verdict::Again("missing from the answer".to_owned());
        Ok(chunk
            .iter()
            .map(|index| (*index, by_id.remove(index.to_string().as_str()).unwrap_or_else(missing)))
            .collect())
    }
}

fn by_topic<'a>(rows: &[&'a OutboxRow]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut topics: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        topics.entry(&row.topic).or_default().push(index);
    }
    topics
}

/// Cuts the messages of one topic into calls.
fn pack(rows: &[&OutboxRow], indexes: Vec<usize>) -> Vec<Vec<usize>> {
    let mut calls: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for index in indexes {
        let size = rows[index].message.len();
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

fn entry(
    index: usize,
    row: &OutboxRow,
    channels: Channels,
) -> Result<PublishBatchRequestEntry, aws_sdk_sns::error::BuildError> {
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

fn without_topic(topic: &str, why: &LookupError) -> Verdict {
    match why {
        LookupError::Unknown => Verdict::Poison(format!("there is no topic {topic}; create it, then unpark")),
        LookupError::Failed(code) => Verdict::Again(code.clone()),
    }
}

// ANCHOR: refused
/// Codes that blame this very request; everything else, such as throttling or a missing permission, is worth another try or somebody's
/// attention, but never a reason to set a message aside.
fn refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Verdict {
    match error.code() {
        Some(
            code @ ("NotFound"
            | "InvalidParameter"
            | "InvalidParameterValue"
            | "BatchRequestTooLong"
            | "ValidationException"),
        ) => Verdict::Poison(code.to_owned()),
        Some(code) => Verdict::Again(code.to_owned()),
        None => Verdict::Again("no answer".to_owned()),
    }
}
// ANCHOR_END: refused

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
            not_before: None,
            due_at: String::new(),
            pending_shard: None,
        }
    }

    proptest! {
        #[test]
        fn every_message_is_in_exactly_one_call_within_the_limits(sizes in prop::collection::vec(1usize..128 * 1024, 0..40)) {
            let rows: Vec<_> = sizes.iter().map(|size| row(*size)).collect();
            let rows: Vec<_> = rows.iter().collect();
            let calls = pack(&rows, (0..rows.len()).collect());
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
                let calls = pack(&rows.iter().collect::<Vec<_>>(), vec![0, 1]);
                prop_assert_eq!(calls.len(), if sum <= MAX_BATCH_BYTES { 1 } else { 2 });
            }
        }
    }

    #[test]
    fn nine_and_ten_messages_are_one_call_and_eleven_are_two() {
        let row = row(1);
        let calls =
            |count| pack(&vec![&row; count], (0..count).collect()).iter().map(Vec::len).collect::<Vec<_>>();
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
        assert_eq!(pack(&vec![&row; 100], (0..100).collect()).len(), 10);
    }
}
