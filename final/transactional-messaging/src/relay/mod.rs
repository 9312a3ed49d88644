//! The relay: from outbox rows to published messages, in order for each subject, at least once.
//!
//! The outbox holds what was not sent, and nothing else. Stream records, sweeps and operators only say *where
//! rows may be*; the relay reads them, publishes those whose turn it is, and deletes them. A message's turn
//! comes when it is the first of its subject, when this call has just sent the one before it, or when that
//! one is known to be gone (`store.rs`). So neither the order in which wake-ups arrive matters (DynamoDB
//! Streams keep order for one item only: "Amazon DynamoDB Developer Guide, Change data capture for DynamoDB
//! Streams"), nor what a read does not show yet of a commit that is still becoming visible.
//!
//! Waking a subject once too often costs a read and publishes nothing.

pub mod broker;
mod dispatch;
mod flow;
pub mod operate;
mod progress;
mod row;
mod shared;
mod store;
mod sweep;
mod wake;

pub use broker::{SnsPublisher, TopicDirectory};
pub use dispatch::{LONGEST_CHAIN, News, Outcome, Relay, Results};
#[cfg(feature = "tail")]
pub(crate) use row::key_of;
pub use sweep::Swept;

use crate::error::BoxError;

/// What keeps a subject's messages from being dispatched now. Nothing is lost: the rows stay in the outbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox could not be read.
    #[error("the outbox could not be read; try again")]
    Read(#[source] BoxError),
    /// The broker did not take the message.
    #[error("the broker did not take the message ({code}); try again")]
    Publish {
        /// The broker's error code.
        code: String,
    },
    /// The topic of the next message does not exist. Nothing is set aside: the message is sent when the topic
    /// is there.
    #[error("there is no topic {topic}; create it, and what waits for it is sent")]
    NoTopic {
        /// Its name, without the prefix of the deployment.
        topic: String,
    },
    /// There was no time left to do it before the [deadline](waiting::Deadline) of whoever asked for it.
    #[error("there was no time left for the subject; wake it again")]
    Late,
    /// A commit of the subject was becoming visible for all the time that there was.
    #[error("the subject is not done; wake it again")]
    Unfinished,
    /// Rows could not be deleted or marked: messages that were published will be published again.
    #[error("what was done could not be noted in the outbox; messages may be published again")]
    Settle(#[source] BoxError),
}
