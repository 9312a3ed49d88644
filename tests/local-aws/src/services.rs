//! One front for all services: decides from a request which of them answers it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use dynoxide::Database;
use dynoxide::storage_backend::Clock;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use serde_json::json;

use crate::dynamo::DynamoDb;
use crate::kept;
use crate::messages::Messages;
use crate::s3::S3;
use crate::sns::Sns;
use crate::sqs::Sqs;

/// Where a health check asks.
pub(crate) const HEALTH_PATH: &str = "/_local/health";

const JSON: &str = "application/x-amz-json-1.0";

/// The services and the state they share.
pub(crate) struct Services {
    dynamodb: Arc<DynamoDb>,
    s3: S3,
    sqs: Sqs,
    sns: Sns,
    requests: AtomicU64,
    sweeps_first: bool,
    /// Whether something changed that a file should keep.
    changed: AtomicBool,
}

impl Services {
    /// `host` and `port` go into queue URLs and must lead back to [`Services::answer`].
    ///
    /// Expired items are deleted before a call, which is exact under a paused clock, and nobody can see an item except through a call.
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>, host: &str, port: u16) -> Self {
        Self::with(database, clock, host, port, Messages::default())
    }

    /// The same with messages that are kept.
    pub(crate) fn with(
        database: Database,
        clock: Arc<dyn Clock>,
        host: &str,
        port: u16,
        messages: Messages,
    ) -> Self {
        let sqs = Sqs::new(host, port, messages);
        let sns = Sns::new(host, port, &sqs);
        Self {
            dynamodb: Arc::new(DynamoDb::new(database, clock)),
            s3: S3::new(),
            sqs,
            sns,
            requests: AtomicU64::new(0),
            sweeps_first: true,
            changed: AtomicBool::new(false),
        }
    }

    /// Makes what the file tells of, and what its neighbours do.
    pub(crate) async fn restore(&self, data: &Path) -> io::Result<()> {
        kept::restore(data, &self.sqs.queues(), self.sns.topics(), self.s3.buckets()).await?;
        self.sqs.restore_messages().await;
        Ok(())
    }

    /// Writes down what has changed, if anything has.
    pub(crate) async fn save(&self, data: &Path) {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return;
        }
        let saved = kept::save(data, &self.sqs.queues(), self.sns.topics(), self.s3.buckets()).await;
        if let Err(error) = saved {
            self.changed.store(true, Ordering::Release);
            tracing::error!(%error, "local_aws_not_kept");
        }
    }

    fn may_have_changed(&self, definition: bool) {
        if definition {
            self.changed.store(true, Ordering::Release);
        }
    }

    /// As they are, but for expired items, which somebody else deletes with [`Services::sweep_if_due`].
    pub(crate) fn swept_by_others(self) -> Self {
        Self { sweeps_first: false, ..self }
    }

    /// Deletes expired items; reads every item if any can have expired.
    pub(crate) fn sweep_if_due(&self) {
        self.dynamodb.sweep_if_due();
    }

    /// Answers one request. AWS tells its JSON services apart by `X-Amz-Target`; SNS alone still speaks the Query
    /// protocol, which has no such header.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request_id = format!("local-{:08}", self.requests.fetch_add(1, Ordering::Relaxed) + 1);
        if request.method() == Method::GET && request.uri().path() == HEALTH_PATH {
            return json_response(StatusCode::OK, &request_id, json!({ "status": "ok" }).to_string());
        }
        // S3 alone names what it is asked for in its path; all others are called at the root.
        if request.uri().path() != "/" {
            let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
            let answer = self.s3.answer(request, &request_id).await;
            self.may_have_changed(changes);
            return answer;
        }
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return refuse(&request_id, "UnknownOperationException", "AWS APIs are called with POST");
        }
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        // Fields that an operation does not know are skipped unread, so the readers behind this would not notice.
        if target.is_some() && std::str::from_utf8(&body).is_err() {
            return refuse(&request_id, "SerializationException", "the body is not UTF-8");
        }
        match target.and_then(|target| target.split_once('.')) {
            Some(("DynamoDB_20120810" | "DynamoDBStreams_20120810", operation)) => {
                if self.sweeps_first {
                    self.dynamodb.sweep_if_due();
                }
                let (status, answer) = self.dynamodb.answer(operation, &parts.headers, body).await;
                json_response(status, &request_id, answer)
            }
            Some(("AmazonSQS", operation)) => {
                let answer = self.sqs.answer(operation, &parts.headers, body, &request_id).await;
                self.may_have_changed(operation.ends_with("Queue") || operation.ends_with("QueueAttributes"));
                answer
            }
            Some((service, _)) => {
                refuse(&request_id, "UnknownOperationException", &format!("{service} is not served here"))
            }
            None => {
                let publishes = body.windows(14).any(|text| text == b"Action=Publish");
                let answer = self.sns.answer(body, &request_id).await;
                self.may_have_changed(!publishes);
                answer
            }
        }
    }
}

/// The answer of a rustack service with its body in one piece.
pub(crate) async fn whole<B: Body>(response: Response<B>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    // The body is in memory already, so reading it cannot fail.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Response::from_parts(parts, body)
}

fn refuse(request_id: &str, code: &str, message: &str) -> Response<Bytes> {
    let body = json!({ "__type": code, "message": message });
    json_response(StatusCode::BAD_REQUEST, request_id, body.to_string())
}

pub(crate) fn json_response(status: StatusCode, request_id: &str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(JSON));
    if let Ok(value) = http::HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}
