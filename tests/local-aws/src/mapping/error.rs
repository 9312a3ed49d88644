//! Why an event source mapping stopped.

use aws_sdk_dynamodbstreams::error::BoxError;

/// Why an event source mapping stopped. Everything else that goes wrong is retried, as Lambda retries it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// A setting that AWS would refuse.
    #[error("{setting} is out of range: it must be {range}")]
    InvalidSetting {
        /// Its name.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// There is no such stream: the table is gone, or the ARN is wrong.
    #[error("the stream {stream_arn} does not exist: check the ARN and that the table has a stream")]
    StreamNotFound {
        /// The stream.
        stream_arn: String,
        /// What DynamoDB said.
        #[source]
        source: BoxError,
    },
    /// A record that does not have the form of a stream record.
    #[error("a stream record could not be turned into a Lambda event")]
    Record(#[source] serde_json::Error),
}
