//! One front for all services: decides from a request which of them answers it.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use dynoxide::Database;
use dynoxide::storage_backend::Clock;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::dynamo::DynamoDb;
use crate::error::StartError;
use crate::kept;
use crate::messages::Messages;
use crate::response::json_response;
use crate::s3::S3;
use crate::ses::{self, Mail, Ses};
use crate::sns::Sns;
use crate::sqs::Sqs;
use crate::watch::Watchers;

/// Where a health check asks.
pub(crate) const HEALTH_PATH: &str = "/_local/health";

/// Where somebody reads which mails were sent.
pub(crate) const MAILS_PATH: &str = "/_local/mails";

/// What is on its way. The box has what does the work compiled here, once, and not again in every program
/// that waits for it.
type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The services and the state they share.
pub(crate) struct Services {
    dynamodb: Arc<DynamoDb>,
    s3: S3,
    ses: Ses,
    sqs: Sqs,
    sns: Sns,
    requests: AtomicU64,
    sweeps_first: bool,
    /// Whether something changed that a file should keep.
    changed: AtomicBool,
    watchers: Watchers,
}

impl Services {
    /// `host` and `port` go into queue URLs and must lead back to [`Services::answer`].
    ///
    /// Expired items are deleted before a call, which is exact under a paused clock, and nobody can see an
    /// item except through a call.
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
        let watchers = Watchers::new(clock.clone());
        let sqs = Sqs::new(host, port, messages);
        let sns = Sns::new(host, port, &sqs, watchers.clone());
        Self {
            dynamodb: Arc::new(DynamoDb::new(database, clock)),
            s3: S3::new(),
            ses: Ses::default(),
            sqs,
            sns,
            requests: AtomicU64::new(0),
            sweeps_first: true,
            changed: AtomicBool::new(false),
            watchers,
        }
    }

    /// Makes what the file tells of, and what its neighbours do.
    pub(crate) fn restore<'a>(&'a self, data: &'a Path) -> Working<'a, io::Result<()>> {
        Box::pin(async move {
            kept::restore(data, &self.sqs.queues(), self.sns.topics(), self.s3.buckets()).await?;
            self.sqs.restore_messages().await;
            Ok(())
        })
    }

    /// Writes down what has changed, if anything has.
    pub(crate) fn save<'a>(&'a self, data: &'a Path) -> Working<'a, ()> {
        Box::pin(async move {
            if !self.changed.swap(false, Ordering::AcqRel) {
                return;
            }
            let saved = kept::save(data, &self.sqs.queues(), self.sns.topics(), self.s3.buckets()).await;
            if let Err(error) = saved {
                self.changed.store(true, Ordering::Release);
                tracing::error!(%error, "local_aws_not_kept");
            }
        })
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

    /// Copies tables and streams into an empty SQLite database.
    pub(crate) fn copy_tables(&self, to: &str) -> Result<(), StartError> {
        self.dynamodb.copy_tables(to)
    }

    /// Who watches the calls that pass here.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// The mails that were sent so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.ses.mails()
    }

    /// Answers one request, and shows it to those who watch.
    pub(crate) fn answer(&self, request: Request<Bytes>) -> Working<'_, Response<Bytes>> {
        Box::pin(async move {
            let Some(begun) = self.watchers.begin(&request) else { return self.dispatch(request).await };
            let answer = self.dispatch(request).await;
            self.watchers.tell(begun, answer.status().as_u16(), answer.body().clone());
            answer
        })
    }

    /// AWS tells its JSON services apart by `X-Amz-Target`; SNS alone still speaks the Query
    /// protocol, which has no such header.
    async fn dispatch(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request_id = format!("local-{:08}", self.requests.fetch_add(1, Ordering::Relaxed) + 1);
        if request.method() == Method::GET && request.uri().path() == HEALTH_PATH {
            return json_response(StatusCode::OK, &request_id, json!({ "status": "ok" }).to_string());
        }
        if request.method() == Method::GET && request.uri().path() == MAILS_PATH {
            return json_response(StatusCode::OK, &request_id, json!({ "mails": self.mails() }).to_string());
        }
        if request.uri().path().starts_with(ses::PATH) {
            return self.ses.answer(request, &request_id);
        }
        // Beside SES, S3 alone names what it is asked for in its path, and is asked at the root for its
        // buckets; all others are called there.
        if request.uri().path() != "/" || asks_for_buckets(&request) {
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
        // Fields that an operation does not know are skipped unread, so the readers behind this would not
        // notice.
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

fn refuse(request_id: &str, code: &str, message: &str) -> Response<Bytes> {
    let body = json!({ "__type": code, "message": message });
    json_response(StatusCode::BAD_REQUEST, request_id, body.to_string())
}

/// Whether it is `ListBuckets`: signed for S3, which a browser's look at the root is not.
fn asks_for_buckets(request: &Request<Bytes>) -> bool {
    let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    *request.method() == Method::GET && signed.is_some_and(|scope| scope.contains("/s3/aws4_request"))
}
