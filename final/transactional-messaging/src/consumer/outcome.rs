//! How the handling of a message ends, and what becomes of the message then.

use unit_of_work::{CommitError, ItemError, LoadError, ReadError};

use super::Unreadable;
use crate::error::{BoxError, PublishError};

/// How the handling of a message ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// The message had its effect.
    Done,
    /// The message had its effect before; nothing was written.
    Duplicate,
}

/// Why a message was not handled. The kind decides what happens to it.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It goes back to its queue and comes again later.
    #[error("handling the message failed; it will be tried again")]
    Retryable(#[source] BoxError),
    /// It goes to the dead-letter queue with this reason: as it is, it can never be handled.
    #[error("the message can never be handled: {reason}")]
    Terminal {
        /// What is wrong with it, in words for an operator; no personal data, for it is stored and logged.
        reason: String,
    },
}

impl HandlerError {
    /// An error that another delivery may cure.
    pub fn retryable(source: impl Into<BoxError>) -> Self {
        Self::Retryable(source.into())
    }

    /// An error that no delivery cures.
    pub fn terminal(reason: impl Into<String>) -> Self {
        Self::Terminal { reason: reason.into() }
    }

    /// Whether another delivery may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Retryable(_))
    }
}

impl From<ReadError> for HandlerError {
    fn from(error: ReadError) -> Self {
        // Even a missing permission is no fault of the message: keep it until somebody repairs the service.
        Self::retryable(error)
    }
}

impl From<LoadError> for HandlerError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Read(error) => error.into(),
            damaged => Self::terminal(reason(&damaged)),
        }
    }
}

impl From<ItemError> for HandlerError {
    fn from(error: ItemError) -> Self {
        Self::terminal(reason(&error))
    }
}

impl From<Unreadable> for HandlerError {
    fn from(error: Unreadable) -> Self {
        Self::terminal(reason(&error))
    }
}

impl From<PublishError> for HandlerError {
    fn from(error: PublishError) -> Self {
        Self::terminal(reason(&error))
    }
}

impl<E: std::fmt::Debug + Send + Sync + 'static> From<CommitError<E>> for HandlerError {
    fn from(error: CommitError<E>) -> Self {
        match error {
            CommitError::Limit(_) => Self::terminal(error.to_string()),
            error => Self::retryable(error),
        }
    }
}

/// Why a message can never be handled. Serde quotes a text that it did not expect; it may be somebody's name,
/// and is left out.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let text = describe(error);
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}(not shown){}", &text[..first], &text[last + 1..])
        }
        _ => text,
    }
}

/// An error with its causes, for a place that keeps only text.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
