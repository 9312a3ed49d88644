//! The way to AWS of a process that meets faults.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use fault_engine::{Refusal, publish_partly, without_first_entry};
use futures::future::LocalBoxFuture;
use local_aws::InMemoryAws;
use tokio::sync::Notify;

use crate::world::{Process, World};

/// What a call can meet.
#[derive(Clone, Copy, Debug)]
enum Fault {
    CrashBefore,
    CrashAfter,
    RequestLost,
    AnswerLost,
    Throttled,
    ServerError,
    Conflict,
    EntriesRefused,
    FirstRefused,
}

const ALL: [Fault; 9] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Throttled,
    Fault::ServerError,
    Fault::Conflict,
    Fault::EntriesRefused,
    Fault::FirstRefused,
];

/// The faults of one process, by the number of the call that they strike.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Inner>);

struct Inner {
    planned: Vec<(usize, Fault)>,
    /// Why entries are refused.
    refusal: Refusal,
    calls: AtomicUsize,
    struck: AtomicU64,
    crash: Notify,
}

impl Faults {
    /// One fault among the first `calls` if it must be; with even odds another one, and so on, some of which come to nothing.
    pub(crate) fn random(random: &mut fastrand::Rng, calls: usize, certain: bool) -> Self {
        let mut planned = Vec::new();
        if certain {
            planned.push((random.usize(0..calls), ALL[random.usize(0..ALL.len())]));
        }
        while random.bool() {
            planned.push((random.usize(0..2 * calls), ALL[random.usize(0..ALL.len())]));
        }
        Self(Arc::new(Inner {
            planned,
            refusal: Refusal::passing(random.usize(..), random.bool()),
            calls: AtomicUsize::new(0),
            struck: AtomicU64::new(0),
            crash: Notify::new(),
        }))
    }

    /// How many of them struck.
    pub(crate) fn struck(&self) -> u64 {
        self.0.struck.load(Ordering::Relaxed)
    }

    /// Has a process with these faults do its work: what it says, or none when it crashed.
    pub(crate) async fn strike(
        &self,
        world: &World,
        work: impl FnOnce(Process) -> LocalBoxFuture<'static, Result<(), String>>,
    ) -> Option<Result<(), String>> {
        let process = world.process_over(Wire { aws: world.aws.clone(), faults: self.clone() });
        tokio::select! {
            biased;
            () = self.0.crash.notified() => None,
            ended = work(process) => Some(ended),
        }
    }
}

#[derive(Clone)]
struct Wire {
    aws: InMemoryAws,
    faults: Faults,
}

impl Wire {
    async fn call(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let faults = &self.faults.0;
        let number = faults.calls.fetch_add(1, Ordering::Relaxed);
        let planned = faults.planned.iter().find(|(call, _)| *call == number);
        let Some((_, fault)) = planned else { return self.aws.call(request).await };
        faults.struck.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::CrashBefore => self.crash().await,
            Fault::CrashAfter => {
                self.aws.call(request).await?;
                self.crash().await
            }
            Fault::RequestLost => Err(lost()),
            Fault::AnswerLost => self.aws.call(request).await.and_then(|_| Err(lost())),
            Fault::Throttled => Ok(refusal(&request, 400, "ThrottlingException", "Throttling")),
            Fault::ServerError => Ok(refusal(&request, 500, "InternalServerError", "InternalError")),
            Fault::Conflict => Ok(conflict(&request)),
            Fault::EntriesRefused => in_part(&self.aws, request, faults.refusal, false).await,
            Fault::FirstRefused => in_part(&self.aws, request, faults.refusal, true).await,
        }
    }

    async fn crash(self) -> Result<HttpResponse, ConnectorError> {
        self.faults.0.crash.notify_one();
        std::future::pending().await
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection broke".into())
}

/// JSON services and SNS say it in different words.
fn refusal(request: &HttpRequest, status: u16, json: &str, xml: &str) -> HttpResponse {
    if request.headers().contains_key("x-amz-target") {
        return response(status, format!(r#"{{"__type":"{json}","message":"injected"}}"#));
    }
    response(
        status,
        format!(
            "<ErrorResponse><Error><Code>{xml}</Code><Message>injected</Message></Error></ErrorResponse>"
        ),
    )
}

/// A transaction meets another one; any other call is throttled.
fn conflict(request: &HttpRequest) -> HttpResponse {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&body) else {
        return refusal_of_all(request);
    };
    let Some(actions) = body["TransactItems"].as_array().filter(|_| target.contains(".Transact")) else {
        return refusal_of_all(request);
    };
    let reasons: Vec<_> = actions.iter().map(|_| r#"{"Code":"TransactionConflict"}"#).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    response(
        400,
        format!(
            r#"{{"__type":"{kind}","message":"injected","CancellationReasons":[{}]}}"#,
            reasons.join(",")
        ),
    )
}

/// A batch of messages or of items of which nothing, or all but the first, is taken; any other call is throttled.
async fn in_part(
    aws: &InMemoryAws,
    request: HttpRequest,
    refusal: Refusal,
    is_first_only: bool,
) -> Result<HttpResponse, ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    if target.contains(".Batch") && is_first_only {
        return without_first_entry(aws, request).await;
    }
    let body = request.body().bytes().unwrap_or_default();
    if form_urlencoded::parse(body).any(|(name, value)| name == "Action" && value == "PublishBatch") {
        return publish_partly(aws, request, refusal, |number, _| number == 0 || !is_first_only).await;
    }
    Ok(refusal_of_all(&request))
}

fn refusal_of_all(request: &HttpRequest) -> HttpResponse {
    refusal(request, 400, "ThrottlingException", "Throttling")
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().call(request))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
