//! What can go wrong with a claim check, and whether a retry helps.

use time::Duration;
use transactional_messaging::{
    consumer::{HandlerError, Unreadable},
    limits::RedeliveryHorizon,
};

/// What a call of S3 failed with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The bucket cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// S3 did not say what the lifecycle rules are. A retry may help; a wrong name or a missing
    /// `s3:GetLifecycleConfiguration` must be mended first.
    #[error("the lifecycle rules of bucket {bucket} could not be read; check its name and the permissions")]
    Unreadable {
        /// The bucket.
        bucket: String,
        /// What S3 said.
        #[source]
        source: BoxError,
    },
    /// A rule deletes content that may still be asked for. No retry helps: change the rule.
    #[error(
        "bucket {bucket} deletes objects after {} days, but a message can still come after that ({horizon}); let its lifecycle rule \
         keep them for longer",
        .kept.whole_days()
    )]
    ForgetsTooSoon {
        /// The bucket.
        bucket: String,
        /// How long the shortest rule keeps an object; nothing when it deletes on a date.
        kept: Duration,
        /// How long a message can be on its way.
        horizon: RedeliveryHorizon,
    },
}

/// A message could not be checked in. Nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckInError {
    /// The message is no JSON value. No retry helps.
    #[error("the message cannot be written as json")]
    Serialize(#[source] serde_json::Error),
    /// The message has a field that marks a claim. No retry helps: rename the field.
    #[error("a message that may be claimed cannot have a field claimCheck of its own; rename the field")]
    Reserved,
    /// More than the consumers of this bucket accept. No retry helps.
    #[error("the message has {bytes} bytes, at most {max_bytes} can be checked in; split it")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// S3 did not take the content. A retry may help.
    #[error("the content could not be stored in s3; try again")]
    Store(#[source] BoxError),
}

impl CheckInError {
    /// Whether checking the same message in again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

impl From<CheckInError> for HandlerError {
    fn from(error: CheckInError) -> Self {
        if error.is_retryable() { Self::retryable(error) } else { Self::terminal(error.to_string()) }
    }
}

/// A claim could not be redeemed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemError {
    /// There is no such object: it was deleted, or S3 has lost it. A retry may help when somebody restores
    /// it.
    #[error("the content {key} is not in the bucket; restore the object, then redrive the message")]
    Missing {
        /// The object.
        key: String,
    },
    /// S3 did not answer, or refused. A retry may help. Without `s3:ListBucket` a missing object looks like
    /// this.
    #[error("the content could not be read from s3")]
    Fetch(#[source] BoxError),
    /// The object is not what was checked in. No retry helps.
    #[error("the content {key} is not what was checked in: {what} differs")]
    Changed {
        /// The object.
        key: String,
        /// Length or hash.
        what: &'static str,
    },
    /// The claim is for more than this consumer accepts. No retry helps.
    #[error("the claim is for {bytes} bytes, at most {max_bytes} are accepted")]
    TooLarge {
        /// The size in the claim.
        bytes: u64,
        /// The limit.
        max_bytes: usize,
    },
    /// The claim or the content is not what this consumer expects. No retry helps.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl From<RedeemError> for HandlerError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Missing { .. } | RedeemError::Fetch(_) => Self::retryable(error),
            RedeemError::Unreadable(error) => error.into(),
            RedeemError::Changed { .. } | RedeemError::TooLarge { .. } => Self::terminal(error.to_string()),
        }
    }
}
