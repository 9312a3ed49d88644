//! SNS: rustack's topics, and the bridge over which they deliver to the queues.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use rustack_sns_core::config::SnsConfig;
use rustack_sns_core::handler::RustackSnsHandler;
use rustack_sns_core::provider::RustackSns;
use rustack_sns_http::dispatch::dispatch_operation;
use rustack_sns_http::request::parse_form_params;
use rustack_sns_http::response::error_to_response;
use rustack_sns_http::router::resolve_operation;
use rustack_sns_model::error::SnsError;

use crate::deliveries::Deliveries;
use crate::groups::PUBLISHED;
use crate::response::whole;
use crate::rules::Refusal;
use crate::sdk::{ACCOUNT_ID, REGION};
use crate::sns_rules::{self, SPOILT};
use crate::sqs::Sqs;
use crate::watch::Watchers;

pub(crate) struct Sns {
    topics: Arc<RustackSns>,
    handler: Arc<RustackSnsHandler>,
}

impl Sns {
    pub(crate) fn new(host: &str, port: u16, sqs: &Sqs, watchers: Watchers) -> Self {
        let config = SnsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            host: host.to_owned(),
            port,
        };
        let deliveries = Deliveries::new(sqs, watchers);
        let topics = Arc::new(RustackSns::new(config, Arc::new(deliveries)));
        Self { handler: Arc::new(RustackSnsHandler::new(topics.clone())), topics }
    }

    /// The topics themselves, to be kept.
    pub(crate) fn topics(&self) -> &RustackSns {
        &self.topics
    }

    pub(crate) async fn answer(&self, body: Bytes, request_id: &str) -> Response<Bytes> {
        let mut form = parse_form_params(&body);
        let action = form.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone());
        let reasons = match sns_rules::check(&action.unwrap_or_default(), &mut form) {
            Ok(reasons) => reasons,
            Err(refusal) => return refused(&refusal, request_id),
        };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let answer = match resolve_operation(&form) {
            Ok(operation) => {
                // A task of its own: a publisher that hangs up must not leave a message with some subscribers
                // only.
                let (handler, groups) = (self.handler.clone(), sns_rules::groups(&form));
                let work = async move { dispatch_operation(&*handler, operation, body.into()).await };
                let work = tokio::spawn(PUBLISHED.scope(groups, work));
                work.await.unwrap_or_else(|ended| Err(SnsError::internal_error(ended.to_string())))
            }
            Err(error) => Err(error),
        };
        let answer = whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await;
        if reasons.is_empty() { answer } else { with_reasons(answer, &reasons) }
    }
}

/// A refusal as the Query protocol writes it.
fn refused(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        refusal.code,
        as_xml(&refusal.message),
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// The answer to a batch, with the real reasons in the place of what rustack said of the entries that were
/// spoilt.
fn with_reasons(answer: Response<Bytes>, reasons: &[String]) -> Response<Bytes> {
    answer.map(|body| {
        let text = String::from_utf8_lossy(&body).into_owned();
        let said = [SPOILT.to_owned(), as_xml(SPOILT)];
        let replace = |text: String, reason: &String| {
            let said = said.iter().find(|said| text.contains(*said));
            said.map_or(text.clone(), |said| text.replacen(said, &as_xml(reason), 1))
        };
        Bytes::from(reasons.iter().fold(text, replace))
    })
}

fn as_xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}
