//! The on-failure destination: what is left of records that a mapping gave up on.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Receives what a mapping sends to its on-failure destination.
///
/// Every `Fn(InvocationRecord)` is one. AWS tries a destination only a few times, so an implementation that
/// cannot store a record should say so in its log: nobody sends it again.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Takes one record. The lane of the shard waits until it returns.
    async fn receive(&self, record: InvocationRecord);
}

#[async_trait]
impl<F: Fn(InvocationRecord) + Send + Sync> Destination for F {
    async fn receive(&self, record: InvocationRecord) {
        self(record);
    }
}

/// Where discarded records are reported. From the AWS Lambda Developer Guide, "services-dynamodb-errors".
#[derive(Clone)]
pub enum OnFailure {
    /// An SQS queue or an SNS topic. It gets metadata only, so the records themselves are lost when they
    /// leave the stream.
    QueueOrTopic(Arc<dyn Destination>),
    /// An S3 bucket. It gets the metadata and the event that the function could not process.
    S3(Arc<dyn Destination>),
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OnFailure::QueueOrTopic(_) => "QueueOrTopic",
            OnFailure::S3(_) => "S3",
        })
    }
}

impl OnFailure {
    /// Sends the record, with the payload if this kind of destination gets one.
    pub(crate) async fn send(&self, record: InvocationRecord, payload: impl FnOnce() -> Value) {
        match self {
            OnFailure::QueueOrTopic(destination) => destination.receive(record).await,
            OnFailure::S3(destination) => {
                destination.receive(InvocationRecord { payload: Some(payload()), ..record }).await;
            }
        }
    }
}

/// Why records were discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Condition {
    /// The function failed more often than `maximum_retry_attempts` allows.
    RetryAttemptsExhausted,
    /// The records became older than `maximum_record_age_seconds`, or than the stream keeps them.
    RecordAgeExceeded,
}

/// The document that Lambda sends to an on-failure destination. It serialises to the JSON that AWS documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationRecord {
    /// About the invocation.
    pub request_context: RequestContext,
    /// About the function's last answer; absent if it was never called with these records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_context: Option<ResponseContext>,
    /// Always `1.0`.
    pub version: String,
    /// When the records were discarded, RFC 3339.
    pub timestamp: String,
    /// Which records.
    #[serde(rename = "DDBStreamBatchInfo")]
    pub batch: BatchInfo,
    /// The event (`{"Records": […]}`), for [`OnFailure::S3`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

/// About the invocation whose records were discarded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// A number within the mapping, written as a UUID.
    pub request_id: String,
    /// The name of the simulated function.
    pub function_arn: String,
    /// Why.
    pub condition: Condition,
    /// How often the function was called with these records.
    pub approximate_invoke_count: u32,
}

/// About the function's last answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseContext {
    /// 200 even when the function failed, as in AWS: it is the status of the Invoke call.
    pub status_code: u16,
    /// Always `$LATEST`.
    pub executed_version: String,
    /// `Unhandled` if the function returned an error; absent if it reported batch item failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,
}

/// Which records were discarded. With these numbers they can be read again for as long as the stream keeps
/// them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchInfo {
    /// The shard.
    pub shard_id: String,
    /// The first record.
    pub start_sequence_number: String,
    /// The last record.
    pub end_sequence_number: String,
    /// When the first record was written, RFC 3339.
    pub approximate_arrival_of_first_record: String,
    /// When the last record was written, RFC 3339.
    pub approximate_arrival_of_last_record: String,
    /// How many records.
    pub batch_size: usize,
    /// The stream.
    pub stream_arn: String,
}
