//! What an operation of DynamoDB comes to: JSON, or why it was not carried out.

use dynoxide::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) type Answer = Result<String, Failure>;

/// Why an operation was not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    Dynoxide(DynoxideError),
    /// An exception that dynoxide does not have: its name, and its message.
    Other(&'static str, &'static str),
}

impl From<DynoxideError> for Failure {
    fn from(error: DynoxideError) -> Self {
        Self::Dynoxide(error)
    }
}

/// dynoxide marks the error class of a value it refuses with a prefix in capitals, which must not reach the
/// wire.
pub(crate) fn parse<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let message = ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .unwrap_or(&text);
        DynoxideError::ValidationException(message.to_owned())
    })
}

pub(crate) fn to_json(answer: &impl Serialize) -> Answer {
    Ok(serde_json::to_string(answer).map_err(internal)?)
}

pub(crate) fn internal(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}
