//! SNS: rustack's topics, and the bridge over which they deliver to the queues.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use rustack_sns_core::config::SnsConfig;
use rustack_sns_core::handler::RustackSnsHandler;
use rustack_sns_core::provider::RustackSns;
use rustack_sns_http::dispatch::dispatch_operation;
use rustack_sns_http::request::parse_form_params;
use rustack_sns_http::response::error_to_response;
use rustack_sns_http::router::resolve_operation;
use rustack_sns_model::error::SnsError;

use crate::deliveries::Deliveries;
use crate::sdk::{ACCOUNT_ID, REGION};
use crate::services::whole;
use crate::sqs::Sqs;

pub(crate) struct Sns {
    handler: Arc<RustackSnsHandler>,
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
        let topics = RustackSns::new(config, Arc::new(Deliveries::new(sqs.queues())));
        Self { handler: Arc::new(RustackSnsHandler::new(Arc::new(topics))) }
    }

    pub(crate) async fn answer(&self, body: Bytes, request_id: &str) -> Response<Bytes> {
        let answer = match resolve_operation(&parse_form_params(&body)) {
            Ok(operation) => {
                // A task of its own: a publisher that hangs up must not leave a message with some subscribers only.
                let handler = self.handler.clone();
                let work = tokio::spawn(async move { dispatch_operation(&*handler, operation, body).await });
                work.await.unwrap_or_else(|ended| Err(SnsError::internal_error(ended.to_string())))
            }
            Err(error) => Err(error),
        };
        whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await
    }
}
