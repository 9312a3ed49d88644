//! SNS: rustack's topics, and the bridge over which they deliver to the queues.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use rustack_sns_core::config::SnsConfig;
use rustack_sns_core::handler::RustackSnsHandler;
use rustack_sns_core::provider::RustackSns;
use rustack_sns_core::publisher::{DeliveryError, SqsPublisher};
use rustack_sns_http::dispatch::dispatch_operation;
use rustack_sns_http::request::parse_form_params;
use rustack_sns_http::response::error_to_response;
use rustack_sns_http::router::resolve_operation;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_model::input::SendMessageInput;

use crate::sdk::{ACCOUNT_ID, REGION};
use crate::services::whole;
use crate::sqs::Sqs;

pub(crate) struct Sns {
    handler: RustackSnsHandler,
}

impl Sns {
    pub(crate) fn new(host: &str, port: u16, sqs: &Sqs) -> Self {
        let config = SnsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            host: host.to_owned(),
            port,
        };
        let topics = RustackSns::new(config, Arc::new(ToQueue(sqs.queues())));
        Self { handler: RustackSnsHandler::new(Arc::new(topics)) }
    }

    pub(crate) async fn answer(&self, body: Bytes, request_id: &str) -> Response<Bytes> {
        let answer = match resolve_operation(&parse_form_params(&body)) {
            Ok(operation) => dispatch_operation(&self.handler, operation, body).await,
            Err(error) => Err(error),
        };
        whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await
    }
}

/// Delivers a notification to a queue of the same embedded AWS.
struct ToQueue(Arc<RustackSqs>);

#[async_trait]
impl SqsPublisher for ToQueue {
    fn validate(&self, queue_arn: &str) -> Result<(), DeliveryError> {
        self.0.queue_url_for_arn(queue_arn).map(drop).map_err(|error| failed(queue_arn, &error))
    }

    async fn send_message(
        &self,
        queue_arn: &str,
        message_body: &str,
        message_group_id: Option<&str>,
        message_deduplication_id: Option<&str>,
    ) -> Result<(), DeliveryError> {
        let queue_url = self.0.queue_url_for_arn(queue_arn).map_err(|error| failed(queue_arn, &error))?;
        let message = SendMessageInput {
            queue_url,
            message_body: message_body.to_owned(),
            message_group_id: message_group_id.map(str::to_owned),
            message_deduplication_id: message_deduplication_id.map(str::to_owned),
            ..SendMessageInput::default()
        };
        self.0.send_message(message).await.map(drop).map_err(|error| failed(queue_arn, &error))
    }
}

fn failed(queue_arn: &str, error: &impl std::fmt::Display) -> DeliveryError {
    DeliveryError::SqsDeliveryFailed { queue_arn: queue_arn.to_owned(), reason: error.to_string() }
}
