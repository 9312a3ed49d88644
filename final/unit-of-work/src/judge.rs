//! What a failed call says about the request: one judgement for every place that asks DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Too much at once. Nothing was written; a retry helps.
    Throttled,
    /// Nothing was written, for a reason that passes by itself: no connection, an expired token, a clock that
    /// is being set.
    Passes,
    /// Nothing was written, and the same request is refused again until somebody changes something.
    Refused,
    /// Nobody knows whether it was written.
    Unknown,
}

impl Judgement {
    /// Whether asking again can help.
    pub(crate) fn is_retryable(self) -> bool {
        self != Self::Refused
    }
}

/// Whether asking AWS again can help: false when the same request is refused again until somebody changes
/// something.
pub fn can_pass<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    of(error).is_retryable()
}

/// Whether the request cannot have reached AWS: it was never made, this process refused to send it, or there
/// was no connection that it could leave by. For calls that must not be made twice.
pub fn never_left<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => {
            failure.is_user() || failure.as_connector_error().is_some_and(|error| never_connected(error))
        }
        _ => false,
    }
}

/// Judges by what happened on the way, and by [the code](of_code) where there is an answer.
pub(crate) fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Judgement {
    match error {
        SdkError::ConstructionFailure(_) => Judgement::Refused,
        SdkError::DispatchFailure(failure)
            if failure.as_connector_error().is_some_and(|error| never_connected(error)) =>
        {
            Judgement::Passes
        }
        // A request that this process itself refuses to send, to an endpoint outside AWS for instance.
        SdkError::DispatchFailure(failure) if failure.is_user() => Judgement::Refused,
        SdkError::ServiceError(answer) => of_code(answer.raw().status().as_u16(), error.code()),
        _ => Judgement::Unknown,
    }
}

/// Judges an answer by its code first ("Amazon DynamoDB Developer Guide, Error handling with DynamoDB",
/// "Amazon DynamoDB API Reference, Common errors"), and by its status where the code says nothing.
pub(crate) fn of_code(status: u16, code: Option<&str>) -> Judgement {
    match code.unwrap_or_default() {
        "ThrottlingError"
        | "ThrottlingException"
        | "Throttling"
        | "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => Judgement::Throttled,
        // Credentials are renewed, clocks are set: the next request carries others.
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidSignatureException"
        | "UnrecognizedClientException" => Judgement::Passes,
        "TransactionInProgressException" => Judgement::Unknown,
        _ => match status {
            429 => Judgement::Throttled,
            // The service did not hear the whole request in time.
            408 => Judgement::Passes,
            400..=499 => Judgement::Refused,
            _ => Judgement::Unknown,
        },
    }
}

/// Whether the request cannot have left, because there was no connection that it could leave by.
fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect()) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Judgement::*, *};

    #[test]
    fn every_code_is_judged_by_what_it_means_whatever_its_status() {
        for (code, expected) in [
            ("ThrottlingException", Throttled),
            ("ThrottlingError", Throttled),
            ("ProvisionedThroughputExceededException", Throttled),
            ("RequestLimitExceeded", Throttled),
            ("ExpiredTokenException", Passes),
            ("UnrecognizedClientException", Passes),
            ("InvalidSignatureException", Passes),
            ("RequestExpired", Passes),
            ("TransactionInProgressException", Unknown),
        ] {
            for status in [400, 403, 429, 500, 503] {
                assert_eq!(of_code(status, Some(code)), expected, "{code} with {status}");
            }
        }
    }

    #[test]
    fn a_code_that_nobody_knows_is_judged_by_the_status() {
        for code in [None, Some(""), Some("NewException")] {
            assert_eq!(of_code(429, code), Throttled);
            assert_eq!(of_code(408, code), Passes);
            assert_eq!(of_code(400, code), Refused);
            assert_eq!(of_code(500, code), Unknown);
            assert_eq!(of_code(503, code), Unknown);
        }
    }

    #[test]
    fn what_blames_the_request_or_needs_a_person_is_refused() {
        for code in [
            "ValidationException",
            "SerializationException",
            "ResourceNotFoundException",
            "AccessDeniedException",
            "IdempotentParameterMismatchException",
            "ItemCollectionSizeLimitExceededException",
        ] {
            assert_eq!(of_code(400, Some(code)), Refused, "{code}");
        }
    }
}
