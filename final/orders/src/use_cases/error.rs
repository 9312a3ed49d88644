//! Why a request about an order was not carried out.

use std::convert::Infallible;

use transactional_messaging::error::PublishError;
use unit_of_work::{CommitError, ItemError, LoadError, LostRace, ReadError};

/// Why an order was not created or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is an order with this id, and it is another one: the id came from a key that was used for
    /// another request.
    #[error("the idempotency key was used for another order")]
    KeyReused,
    /// The same request placed an order before, and that one was erased since.
    #[error("the order that this request placed was erased")]
    Erased,
    /// There is no such order.
    #[error("there is no such order")]
    NotFound,
    /// The customers service has not decided yet.
    #[error("a pending order cannot be cancelled")]
    StillPending,
    /// A rejected order has nothing to cancel.
    #[error("a rejected order cannot be cancelled")]
    WasRejected,
    /// The order changed each time while it was being decided on. A retry helps.
    #[error("the order is being changed by others; try again")]
    Contended,
    /// The order could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The message could not be stored.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The order could not be written as an item.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The commit did not go through.
    #[error("the commit did not go through")]
    Commit(#[source] CommitError<Infallible>),
}

impl OrderError {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Contended => true,
            Self::Load(error) => error.is_retryable(),
            Self::Commit(error) => error.is_retryable(),
            _ => false,
        }
    }
}

/// The index of pending orders could not be read.
impl From<ReadError> for OrderError {
    fn from(error: ReadError) -> Self {
        Self::Load(error.into())
    }
}

impl LostRace for OrderError {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Contended)
    }
}
