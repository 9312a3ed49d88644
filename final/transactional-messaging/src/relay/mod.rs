//! The relay: from outbox rows to published messages, in order for each subject, at least once.
//!
//! Stream records, sweeps and operators only say *which subject may have news*; the relay then reads the subject's rows above its
//! watermark, strongly consistent, publishes them in sequence and advances the watermark in one transaction with the rows. It never
//! trusts the order in which wake-ups arrive: DynamoDB Streams keep order for one item only, not across the items of one partition
//! ("Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams").
//!
//! Waking a subject once too often costs two reads and publishes nothing.

mod batch;
mod dispatch;
mod publisher;
mod store;
mod sweep;
mod topics;

pub use dispatch::{Outcome, Relay};
pub use publisher::SnsPublisher;
pub use topics::TopicDirectory;

/// What keeps a subject's messages from being dispatched now. Nothing is lost: the rows stay in the outbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox could not be read.
    #[error("the outbox could not be read; try again")]
    Read(#[source] BoxError),
    /// A row or head is not of the expected shape.
    #[error("the outbox holds a row of an unknown shape; repair or remove it")]
    UnknownRow(#[source] BoxError),
    /// The broker did not take the message.
    #[error("sns did not take the message ({code}); try again")]
    Publish {
        /// The broker's error code.
        code: String,
    },
    /// There is more to dispatch than one call does, or other relays were faster each time.
    #[error("the subject is not done; wake it again")]
    Unfinished,
    /// The messages were published, but this could not be noted: they will be published again.
    #[error("the watermark could not be advanced; the messages will be published again")]
    Settle(#[source] BoxError),
}

impl RelayError {
    /// Whether waking the subject again may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::UnknownRow(_))
    }
}

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;
