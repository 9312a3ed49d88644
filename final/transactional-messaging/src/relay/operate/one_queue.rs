//! One queue in place of a topic: a replay for a consumer that is new, while the others hear nothing.

use aws_sdk_sqs::{
    Client,
    error::{BuildError, ProvideErrorMetadata as _},
    types::SendMessageBatchRequestEntry,
};
use futures::future::BoxFuture;
use serde_json::json;
use waiting::in_time;

use super::super::broker::{Broker, Limits, Verdict};
use crate::{channels::Channels, outbox::OutboxRow};

/// A queue that gets each message in the form in which SNS would have put it there: wrapped, but not signed,
/// which consumers do not ask for.
#[derive(Clone, Debug)]
pub struct OneQueue {
    sqs: Client,
    url: String,
    channels: Channels,
}

impl OneQueue {
    /// The queue at this address.
    pub fn new(sqs: Client, url: impl Into<String>) -> Self {
        let url = url.into();
        let channels = Channels::of_name(&url);
        Self { sqs, url, channels }
    }

    fn entry(&self, index: usize, row: &OutboxRow) -> Result<SendMessageBatchRequestEntry, BuildError> {
        let is_fifo = self.channels == Channels::Fifo;
        SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(notification(row))
            // The same group as in a message of the topic.
            .set_message_group_id(is_fifo.then(|| super::super::broker::group_of(&row.partition)))
            .set_message_deduplication_id(is_fifo.then(|| row.message_id.to_string()))
            .build()
    }
}

/// What SNS wraps around a message ("Amazon SNS Developer Guide, Parsing Amazon SNS message formats").
fn notification(row: &OutboxRow) -> String {
    let attribute = |value: &str| json!({"Type": "String", "Value": value});
    json!({
        "Type": "Notification",
        "MessageId": row.message_id,
        "Message": row.message,
        "Timestamp": row.created_at,
        "MessageAttributes": {
            "type": attribute(&row.kind),
            "correlationid": attribute(&row.correlation_id.to_string()),
        },
    })
    .to_string()
}

impl Broker for OneQueue {
    /// 256 KiB of a call ("Amazon SQS Developer Guide, Message quotas"; before August 2025, and still of the
    /// embedded AWS), of which the wrapping takes half at worst. A call may be taken in part.
    fn limits(&self) -> Limits {
        Limits { entries: 10, bytes: 110 * 1024, keeps_order: false }
    }

    fn publish<'a>(&'a self, _topic: &'a str, rows: &'a [&'a OutboxRow]) -> BoxFuture<'a, Vec<Verdict>> {
        Box::pin(async move {
            let all = |verdict: Verdict| vec![verdict; rows.len()];
            let entries = rows.iter().enumerate().map(|(index, row)| self.entry(index, row));
            let entries = match entries.collect::<Result<Vec<_>, _>>() {
                Ok(entries) => entries,
                Err(error) => return all(Verdict::Poison(error.to_string())),
            };
            let request = self.sqs.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = match in_time(request.send()).await {
                Err(_) => return all(Verdict::Silent),
                Ok(Err(error)) => return all(Verdict::Again(error.code().unwrap_or("no answer").to_owned())),
                Ok(Ok(answer)) => answer,
            };
            let sent = |id: &str| answer.successful().iter().any(|entry| entry.id() == id);
            let refused = |id: &str| {
                let failed = answer.failed().iter().find(|entry| entry.id() == id);
                Verdict::Again(failed.map_or("missing from the answer", |entry| entry.code()).to_owned())
            };
            let verdict = |index: usize| {
                let id = index.to_string();
                if sent(&id) { Verdict::Sent } else { refused(&id) }
            };
            (0..rows.len()).map(verdict).collect()
        })
    }
}
