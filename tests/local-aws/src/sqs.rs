//! SQS: rustack's queues, behind corrections for what it reads differently from AWS.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::body::SqsResponseBody;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use rustack_sqs_model::error::SqsError;
use rustack_sqs_model::types::RedrivePolicy;
use serde_json::Value;

use crate::sdk::{ACCOUNT_ID, REGION};
use crate::services::whole;

pub(crate) struct Sqs {
    queues: Arc<RustackSqs>,
    handler: RustackSqsHandler,
}

impl Sqs {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        let config = SqsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            host: host.to_owned(),
            port,
        };
        let queues = Arc::new(RustackSqs::new(config));
        Self { handler: RustackSqsHandler::new(queues.clone()), queues }
    }

    /// The queues themselves, for SNS to deliver to.
    pub(crate) fn queues(&self) -> Arc<RustackSqs> {
        self.queues.clone()
    }

    pub(crate) async fn answer(
        &self,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
        request_id: &str,
    ) -> Response<Bytes> {
        let answer = self.run(operation, headers, body).await;
        whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await
    }

    async fn run(
        &self,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<SqsResponseBody>, SqsError> {
        let resolved = resolve_operation(headers)?;
        let body = match operation {
            "CreateQueue" | "SetQueueAttributes" => with_redrive_policy_as_stored(body),
            "ReceiveMessage" => {
                check_receive_limits(&body)?;
                body
            }
            _ => body,
        };
        dispatch_operation(&self.handler, resolved, body).await
    }
}

/// AWS takes `maxReceiveCount` as a number or as a string, and any order of members; rustack takes a number, and calls
/// a queue created twice different if the text of its policy differs. This writes the policy as rustack stores it.
fn with_redrive_policy_as_stored(body: Bytes) -> Bytes {
    let rewrite = || {
        let mut request: Value = serde_json::from_slice(&body).ok()?;
        let policy = request.get_mut("Attributes")?.get_mut("RedrivePolicy")?;
        let given: Value = serde_json::from_str(policy.as_str()?).ok()?;
        let stored = RedrivePolicy {
            dead_letter_target_arn: given.get("deadLetterTargetArn")?.as_str()?.to_owned(),
            max_receive_count: match given.get("maxReceiveCount")? {
                Value::String(text) => text.trim().parse().ok()?,
                number => number.as_i64()?.try_into().ok()?,
            },
        };
        *policy = Value::String(serde_json::to_string(&stored).ok()?);
        serde_json::to_vec(&request).ok()
    };
    // A policy that cannot be read goes on as it is: rustack says what is wrong with it.
    rewrite().map_or(body.clone(), Bytes::from)
}

/// rustack accepts any number here; code that passes 11 must not work on this machine only.
fn check_receive_limits(body: &[u8]) -> Result<(), SqsError> {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    for (parameter, least, most) in [("MaxNumberOfMessages", 1, 10), ("WaitTimeSeconds", 0, 20)] {
        let Some(value) = request.get(parameter).and_then(Value::as_i64) else { continue };
        if !(least..=most).contains(&value) {
            return Err(SqsError::invalid_parameter_value(format!(
                "Value {value} for parameter {parameter} is invalid. Reason: Must be between {least} and {most}, if \
                 provided."
            )));
        }
    }
    Ok(())
}
