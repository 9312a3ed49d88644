//! The relay: from outbox rows to published messages, in order for each subject, at least once.
//!
//! Stream records, sweeps and operators only say *which subject may have news*; the relay then reads the subject's rows above its
//! watermark, strongly consistent, publishes them in sequence and advances the watermark in one transaction with the rows. It never
//! trusts the order in which wake-ups arrive: DynamoDB Streams keep order for one item only, not across the items of one partition
//! ("Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams").
//!
//! Waking a subject once too often costs two reads and publishes nothing.

mod batch;
mod damage;
mod dispatch;
mod flow;
mod publisher;
mod store;
mod subject;
mod sweep;
mod topics;
mod verdict;

pub use dispatch::{LONGEST_CHAIN, Outcome, Relay};
pub use publisher::SnsPublisher;
pub use topics::TopicDirectory;

/// What keeps a subject's messages from being dispatched now. Nothing is lost: the rows stay in the outbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox could not be read.
    #[error("the outbox could not be read; try again")]
    Read(#[source] BoxError),
    /// The broker did not take the message.
    #[error("sns did not take the message ({code}); try again")]
    Publish {
        /// The broker's error code.
        code: String,
    },
    /// The topic of the next message does not exist. Nothing is set aside: the message is sent when the topic is there.
    #[error("there is no topic {topic}; create it, and what waits for it is sent")]
    NoTopic {
        /// Its name, without the prefix of the deployment.
        topic: String,
    },
    /// There was no time left to do it before the [deadline](waiting::Deadline) of whoever asked for it.
    #[error("there was no time left for the subject; wake it again")]
    Late,
    /// There is more to dispatch than one call does, or other relays were faster each time.
    #[error("the subject is not done; wake it again")]
    Unfinished,
    /// The messages were published, but this could not be noted: they will be published again.
    #[error("the watermark could not be advanced; the messages will be published again")]
    Settle(#[source] BoxError),
}

impl RelayError {
    /// Whether waking the subject again may help without anybody changing anything. It may, whatever it is: what cannot be sent as it
    /// is, is no error but [parks](Outcome::Parked) its subject.
    pub fn is_retryable(&self) -> bool {
        true
    }
}

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;
