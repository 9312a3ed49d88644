//! What can go wrong.

use aws_sdk_dynamodb::error::DisplayErrorContext;
use fault_engine::BoxError;
use uuid::Uuid;

/// Why a request or a message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such customer.
    #[error("there is no customer {0}")]
    CustomerNotFound(Uuid),
    /// There is no such order.
    #[error("there is no order {0}")]
    OrderNotFound(Uuid),
    /// The customers service has not answered yet.
    #[error("a pending order cannot be cancelled: wait until it is approved or rejected")]
    PendingOrderCannotBeCancelled,
    /// There is nothing to cancel.
    #[error("a rejected order cannot be cancelled")]
    RejectedOrderCannotBeCancelled,
    /// The body of a queue message is not an event.
    #[error("the message is no event that this program knows")]
    Unreadable(#[source] serde_json::Error),
    /// The inbox has the message: its effect took place before.
    #[error("this message was handled before")]
    AlreadyHandled,
    /// Somebody else changed what this was decided on; nothing was written.
    #[error("somebody else was faster: try again")]
    LostRace,
    /// SNS blames the message: sending it again cannot help.
    #[error("sns refuses the message: {0}")]
    Refused(String),
    /// AWS refused, or did not answer.
    #[error("a call to aws failed: try again")]
    Aws(#[source] BoxError),
}

impl Error {
    /// Wraps what an SDK call or the conversion of an item returned.
    pub fn aws(error: impl Into<BoxError>) -> Self {
        Self::Aws(error.into())
    }

    /// Whether the same request or message may succeed later. An order that is not there yet may come: a
    /// transaction becomes visible item by item, so its event can be heard of before it can be read.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::OrderNotFound(_) | Self::LostRace | Self::Aws(_))
    }

    /// The error with its causes, for a log.
    pub fn in_full(&self) -> String {
        DisplayErrorContext(self).to_string()
    }
}
