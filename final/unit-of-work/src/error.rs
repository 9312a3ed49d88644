//! What a commit or a load ends with when it fails, and whether trying again can help. What leads to it
//! stands beside what raises it.

use std::convert::Infallible;

use crate::{database::ReadError, item::ItemError, limits::LimitError, source::Source};

/// Why a commit did not happen, or may not have happened.
///
/// `E` is your own error, attached to an action with `or(…)`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError<E> {
    /// The condition of an action failed, and this is the error that you attached to it. Nothing was written.
    #[error("a condition of the unit of work failed")]
    Rejected(E),
    /// The condition of an action without an attached error failed. Nothing was written.
    #[error(
        "the condition of action {action} failed; attach an error to it with `or` to tell failures apart"
    )]
    ConditionFailed {
        /// Position of the action in the unit of work, from 0.
        action: usize,
    },
    /// The unit of work is larger than its database accepts. Nothing was sent.
    #[error("the unit of work is over a limit of its database: {0}")]
    Limit(#[from] LimitError),
    /// Other transactions or the table's throughput were in the way at every attempt, or the only request was
    /// lost long ago. Nothing was written.
    #[error("the commit met {what} at each of {attempts} attempts; try the whole unit of work again later")]
    Contention {
        /// What was in the way, in words: `conflicts`, `throttling`, `no answer`, `the end of its time`.
        what: &'static str,
        /// How often the commit was tried.
        attempts: u32,
    },
    /// No answer, or a server error, at every attempt. The commit may have taken effect or not: whatever
    /// comes next must be safe in both cases, which an inbox row or a version condition in the same unit of
    /// work provides.
    #[error("the outcome of the commit is unknown after {attempts} attempts; repeat it only if that is safe")]
    UnknownOutcome {
        /// How often the commit was tried.
        attempts: u32,
        /// The last failure.
        #[source]
        source: Source,
    },
    /// DynamoDB refused the request: a missing table, a missing permission, a malformed item. Nothing was
    /// written.
    #[error("dynamodb refused the commit; correct the request or the permissions")]
    Refused(#[source] Source),
}

impl<E> CommitError<E> {
    /// The error that you attached, or what else kept the commit.
    ///
    /// # Errors
    ///
    /// What else kept it.
    pub fn into_rejected(self) -> Result<E, CommitError<Infallible>> {
        Err(match self {
            Self::Rejected(error) => return Ok(error),
            Self::ConditionFailed { action } => CommitError::ConditionFailed { action },
            Self::Limit(error) => CommitError::Limit(error),
            Self::Contention { what, attempts } => CommitError::Contention { what, attempts },
            Self::UnknownOutcome { attempts, source } => CommitError::UnknownOutcome { attempts, source },
            Self::Refused(source) => CommitError::Refused(source),
        })
    }

    /// Whether the same work may succeed later without anybody changing anything.
    ///
    /// For [`CommitError::Rejected`] this says `false`: only you know what your error means.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Contention { .. } | Self::UnknownOutcome { .. })
    }
}

/// A stored aggregate could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The database did not answer as it should.
    #[error("the aggregate could not be read")]
    Read(#[from] ReadError),
    /// The stored item is not of the expected shape. No retry helps: repair the item.
    #[error("the stored aggregate is damaged")]
    Damaged(#[from] ItemError),
    /// A stored value breaks a rule of the domain. No retry helps: repair the item.
    #[error("a stored value breaks a rule: {0}")]
    RuleBroken(String),
}

impl LoadError {
    /// A stored value that the domain refuses.
    pub fn rule_broken(rule: impl std::fmt::Display) -> Self {
        Self::RuleBroken(rule.to_string())
    }

    /// Whether loading it again can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read(error) if error.retryable)
    }
}
