//! What lies in the outbox table: a row for each message that was not sent yet.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    envelope::{Envelope, MAX_BROKER_BYTES, attribute_bytes},
    error::PublishError,
    message::{Message, Sequence, Subject},
    timestamp,
};

/// What the partition key of every subject begins with. Whatever else lies in the table, such as the notes of
/// a tailer, is no row.
const SUBJECT: &str = "SUBJECT#";

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OutboxRow {
    /// `SUBJECT#` and the subject.
    #[serde(rename = "PK")]
    pub partition: String,
    /// The sequence.
    #[serde(rename = "SK")]
    pub sequence: String,
    /// The sequence of the subject's message before it; absent when it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<String>,
    /// The message's id.
    pub message_id: Uuid,
    /// One id for everything that one request set off. A row whose envelope has a trace context leaves it to
    /// the envelope, and then this is nil here: with both, most rows would have more than the kibibyte of a
    /// write unit.
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub correlation_id: Uuid,
    /// The kind of message.
    pub kind: String,
    /// The topic, without the prefix of the deployment.
    pub topic: String,
    /// The envelope as it will be sent.
    pub message: String,
    /// When the message was made.
    pub created_at: String,
    /// Why the message cannot be sent as it is; absent when it can. It and the ones behind it wait until
    /// somebody unparks the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
}

/// The key of a row. A stream record tells no more of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Whose row it is.
    pub subject: Subject,
    /// The sort key.
    pub sequence: String,
}

impl RowKey {
    /// The key of a message's row; none when these are the keys of something else that lies in the table.
    pub fn of_subject(partition: &str, sequence: &str) -> Option<Self> {
        Some(Self { subject: subject_of(partition)?, sequence: sequence.to_owned() })
    }
}

impl OutboxRow {
    pub(super) fn new<M: Message>(
        envelope: &Envelope,
        predecessor: Option<Sequence>,
        max_bytes: usize,
    ) -> Result<Self, PublishError> {
        let created_at = envelope.time.map(timestamp::format).transpose()?.unwrap_or_default();
        let max_bytes = max_bytes.min(MAX_BROKER_BYTES.saturating_sub(attribute_bytes(&envelope.kind)));
        Ok(Self {
            partition: format!("{SUBJECT}{}", envelope.subject),
            sequence: envelope.sequence.clone(),
            predecessor: predecessor.map(|sequence| sequence.to_string()),
            message_id: envelope.id,
            correlation_id: if envelope.traceparent.is_some() { Uuid::nil() } else { envelope.correlationid },
            kind: envelope.kind.clone(),
            topic: M::TOPIC.name().to_owned(),
            message: envelope.to_text(max_bytes)?,
            created_at,
            parked: None,
        })
    }
}

/// The partition key of a subject's rows.
pub fn partition_of(subject: &Subject) -> String {
    format!("{SUBJECT}{}", subject.as_str())
}

/// The subject of the rows with this partition key; none of what is no row.
pub(crate) fn subject_of(partition: &str) -> Option<Subject> {
    partition.strip_prefix(SUBJECT).map(Subject::named)
}
