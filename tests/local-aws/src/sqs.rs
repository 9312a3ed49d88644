//! SQS: rustack's queues, behind corrections for what it reads differently from AWS.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::body::SqsResponseBody;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use rustack_sqs_model::error::SqsError;
use rustack_sqs_model::input::GetQueueUrlInput;
use rustack_sqs_model::types::RedrivePolicy;
use serde_json::Value;

use crate::groups::{self, Groups};
use crate::messages::Messages;
use crate::response::{json_response, whole};
use crate::rules::Refusal;
use crate::sdk::{ACCOUNT_ID, REGION};
use crate::sqs_rules::{self, Failed};

pub(crate) struct Sqs {
    queues: Arc<RustackSqs>,
    handler: RustackSqsHandler,
    messages: Arc<Messages>,
    groups: Arc<Groups>,
}

impl Sqs {
    pub(crate) fn new(host: &str, port: u16, messages: Messages) -> Self {
        let config = SqsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            host: host.to_owned(),
            port,
        };
        let queues = Arc::new(RustackSqs::new(config));
        let handler = RustackSqsHandler::new(queues.clone());
        Self { handler, queues, messages: Arc::new(messages), groups: Arc::default() }
    }

    /// Puts the messages that a file has kept into their queues again.
    pub(crate) async fn restore_messages(&self) {
        for request in self.messages.take() {
            let mut without = request.clone();
            groups::take_out(&mut without);
            let Ok(message) = serde_json::from_value(without) else { continue };
            match self.queues.send_message(message).await {
                Ok(sent) => {
                    let mut answer = serde_json::json!({ "MessageId": sent.message_id });
                    self.groups.saw("SendMessage", &request, &mut answer);
                    self.messages.sent(&sent.message_id.unwrap_or_default(), &request);
                }
                Err(error) => tracing::error!(%error, "local_aws_message_not_restored"),
            }
        }
    }

    /// Where messages are kept.
    pub(crate) fn messages(&self) -> Arc<Messages> {
        self.messages.clone()
    }

    /// Where the groups of messages in standard queues are kept.
    pub(crate) fn groups(&self) -> Arc<Groups> {
        self.groups.clone()
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
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answered = self.judge_and_run(operation, headers, body, request_id, request.clone()).await;
        if answered.status() == StatusCode::OK {
            let mut answer = serde_json::from_slice(answered.body()).unwrap_or_default();
            self.messages.saw(operation, &request, &answer);
            if self.groups.saw(operation, &request, &mut answer) {
                return json_response(StatusCode::OK, request_id, answer.to_string());
            }
        }
        answered
    }

    async fn judge_and_run(
        &self,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
        request_id: &str,
        mut request: Value,
    ) -> Response<Bytes> {
        let failed = match self.check(operation, &mut request).await {
            Ok(failed) => failed,
            Err(refusal) => return refused(&refusal, request_id),
        };
        if failed.is_empty() {
            let is_sent = matches!(operation, "SendMessage" | "SendMessageBatch");
            let is_other = is_sent && groups::take_out(&mut request);
            let body = if is_other { request.to_string().into() } else { body };
            let answer = self.run(operation, headers, body).await;
            return whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await;
        }
        groups::take_out(&mut request);
        // Of the batch, the entries that are left.
        let answered = if request["Entries"].as_array().is_some_and(Vec::is_empty) {
            json_response(StatusCode::OK, request_id, "{}".to_owned())
        } else {
            let answer = self.run(operation, headers, request.to_string().into()).await;
            whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await
        };
        if answered.status() == StatusCode::OK {
            with_failed(&answered, failed, request_id)
        } else {
            answered
        }
    }

    async fn check(&self, operation: &str, request: &mut Value) -> Result<Failed, Refusal> {
        let policy = request.get("Attributes").and_then(|attributes| attributes.get("RedrivePolicy"));
        if let Some(policy) = policy.and_then(Value::as_str)
            && let Ok(read) = serde_json::from_str::<Value>(policy)
            && let Some(arn) = read.get("deadLetterTargetArn").and_then(Value::as_str)
            && !self.has(arn).await
        {
            let text = format!(
                "Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
            );
            return Err(Refusal::new("InvalidParameterValue", text));
        }
        sqs_rules::check(operation, request)
    }

    async fn has(&self, arn: &str) -> bool {
        let Ok(url) = self.queues.queue_url_for_arn(arn) else { return false };
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        self.queues
            .get_queue_url(GetQueueUrlInput { queue_name: name, ..GetQueueUrlInput::default() })
            .await
            .is_ok()
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
            _ => body,
        };
        dispatch_operation(&self.handler, resolved, body).await
    }
}

/// A refusal as AWS writes it since SQS speaks JSON: the code of the old protocol is in a header, where the
/// SDK looks for it.
fn refused(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let body = serde_json::json!({ "__type": refusal.code, "message": refusal.message });
    let mut response = json_response(StatusCode::BAD_REQUEST, request_id, body.to_string());
    if let Ok(value) = http::HeaderValue::from_str(&format!("{};Sender", refusal.code)) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

/// The answer to a batch, with the entries that were refused here.
fn with_failed(answered: &Response<Bytes>, refused: Failed, request_id: &str) -> Response<Bytes> {
    let mut answer: Value = serde_json::from_slice(answered.body()).unwrap_or_default();
    let mut failed = answer.get("Failed").and_then(Value::as_array).cloned().unwrap_or_default();
    failed.extend(refused);
    answer["Failed"] = failed.into();
    json_response(StatusCode::OK, request_id, answer.to_string())
}

/// AWS takes `maxReceiveCount` as a number or as a string, and any order of members; rustack takes a number,
/// and calls a queue created twice different if the text of its policy differs. This writes the policy as
/// rustack stores it.
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
