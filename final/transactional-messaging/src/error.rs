//! What can go wrong when a message is stored for publishing, and the cause behind an error.

use unit_of_work::ItemError;

/// The cause behind an error, as a trait object: no type of an SDK shows in the interface of this crate.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A message cannot be put into the outbox. Nothing was written, and no retry helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The message is no JSON value.
    #[error("the message cannot be written as json")]
    Serialize(#[source] serde_json::Error),
    /// The broker would refuse the message after the commit, when it is too late.
    #[error(
        "the {kind} message has {bytes} bytes in its envelope, at most {max_bytes} can be sent; send a reference instead"
    )]
    TooLarge {
        /// The kind of message.
        kind: String,
        /// The size of the envelope.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// The message would wait for one that comes behind it, so that neither could ever be sent.
    #[error("a message's predecessor must have a smaller sequence; say which message the subject had before")]
    Misplaced,
    /// The row is no item.
    #[error("the outbox row cannot be written")]
    Item(#[from] ItemError),
    /// A time lies outside the years 0 to 9999.
    #[error("a timestamp of the message cannot be written")]
    Timestamp(#[from] time::error::Format),
}
