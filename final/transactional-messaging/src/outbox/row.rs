//! What lies in the outbox table: message rows and heads.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    envelope::{Envelope, MAX_BROKER_BYTES, attribute_bytes},
    error::PublishError,
    message::{Message, Subject},
    timestamp,
};

/// Sort key of a subject's head. It sorts before all sequences, which are digits, so it also serves as the watermark of a subject of
/// which nothing was dispatched.
pub(crate) const HEAD: &str = "#HEAD";

/// The kind of subject that a scheduled message has of its own.
pub(crate) const SCHEDULED: &str = "scheduled";

/// The sparse index over rows that were not dispatched yet. Dispatched rows leave it.
pub const PENDING_INDEX: &str = "PendingIndex";

/// The pending index spreads over this many partitions. A single one would cap all writes of the service at the 1,000 write units
/// a second of one partition, since a throttled index throttles its table ("Amazon DynamoDB Developer Guide, Best practices for
/// designing partition keys").
pub const PENDING_SHARDS: u64 = 8;

/// A stored message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OutboxRow {
    /// `SUBJECT#` and the subject.
    #[serde(rename = "PK")]
    pub partition: String,
    /// The sequence.
    #[serde(rename = "SK")]
    pub sequence: String,
    /// The message's id.
    pub message_id: Uuid,
    /// One id for everything that one request set off.
    pub correlation_id: Uuid,
    /// The kind of message.
    pub kind: String,
    /// The topic, without the prefix of the deployment.
    pub topic: String,
    /// The envelope as it will be sent.
    pub message: String,
    /// When the message was made.
    pub created_at: String,
    /// Of a scheduled message: it is not published before.
    #[serde(default, with = "crate::timestamp::option", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<OffsetDateTime>,
    /// Sort key of the pending index: from when on the message may be published.
    pub due_at: String,
    /// Partition key of the pending index; absent once the message was dispatched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_shard: Option<String>,
}

/// A subject's head.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Head {
    /// The sequence up to which everything was dispatched; absent when nothing was.
    pub watermark: Option<String>,
    /// Why the subject is parked: the next message cannot be sent, and the ones behind it wait. Absent when it is not.
    pub parked: Option<String>,
}

impl OutboxRow {
    pub(super) fn new<M: Message>(
        envelope: &Envelope,
        not_before: Option<OffsetDateTime>,
        max_bytes: usize,
    ) -> Result<Self, PublishError> {
        let partition = format!("SUBJECT#{}", envelope.subject);
        let created_at = envelope.time.map(timestamp::format).transpose()?.unwrap_or_default();
        let max_bytes = max_bytes.min(MAX_BROKER_BYTES.saturating_sub(attribute_bytes(&envelope.kind)));
        Ok(Self {
            pending_shard: Some(pending_shard_key(shard_of(&partition))),
            not_before,
            due_at: not_before.map(timestamp::format).transpose()?.unwrap_or_else(|| created_at.clone()),
            partition,
            sequence: envelope.sequence.clone(),
            message_id: envelope.id,
            correlation_id: envelope.correlationid,
            kind: envelope.kind.clone(),
            topic: M::TOPIC.name().to_owned(),
            message: envelope.to_text(max_bytes)?,
            created_at,
        })
    }

    /// Whether the row may be published at this time.
    pub(crate) fn is_due(&self, now: OffsetDateTime) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

/// The partition key of a subject's rows.
pub fn partition_of(subject: &Subject) -> String {
    format!("SUBJECT#{}", subject.as_str())
}

/// The key of one partition of the pending index.
pub(crate) fn pending_shard_key(shard: u64) -> String {
    format!("PENDING#{shard}")
}

/// Whether a partition key is that of a scheduled message's own subject, which is all that the pending index tells of a row.
pub(crate) fn is_scheduled(partition: &str) -> bool {
    partition.rsplit('/').nth(1) == Some(SCHEDULED)
}

/// FNV-1a, because the hash is stored and must stay the same in every version of the program.
fn shard_of(partition: &str) -> u64 {
    let hash = partition.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash % PENDING_SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_spread_over_all_shards() {
        let used: std::collections::HashSet<_> = (0..200)
            .map(|n| shard_of(&partition_of(&Subject::aggregate("order", Uuid::from_u128(n)))))
            .collect();
        assert_eq!(used.len() as u64, PENDING_SHARDS);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // "foobar" is a test vector of the FNV reference code: 0x85944171f73967e8.
        assert_eq!(shard_of("foobar"), 0x8594_4171_f739_67e8 % PENDING_SHARDS);
    }
}
