//! Why a resource could not be made.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

use crate::error::BoxError;

/// A resource could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be made; check the endpoint and the permissions")]
pub struct ProvisionError {
    /// The resource, such as `table orders-outbox`.
    pub what: String,
    /// Whether trying again can help, as with an AWS that is still starting.
    pub retryable: bool,
    /// What AWS said.
    #[source]
    pub source: BoxError,
}

/// What a call of the way to a resource ended with.
pub(super) struct Unmade {
    retryable: bool,
    source: BoxError,
}

impl<E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static> From<SdkError<E>> for Unmade {
    fn from(error: SdkError<E>) -> Self {
        Self { retryable: unit_of_work::can_pass(&error), source: error.into() }
    }
}

/// A request that this code itself puts together wrongly.
impl From<BuildError> for Unmade {
    fn from(error: BuildError) -> Self {
        Self { retryable: false, source: error.into() }
    }
}

/// An answer in which something is missing.
impl From<&'static str> for Unmade {
    fn from(missing: &'static str) -> Self {
        Self { retryable: true, source: missing.into() }
    }
}

/// Names the resource in an error.
pub(super) fn making(what: impl Into<String>) -> impl FnOnce(Unmade) -> ProvisionError {
    let what = what.into();
    move |Unmade { retryable, source }| ProvisionError { what, retryable, source }
}
