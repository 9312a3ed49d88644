//! The wire between the SDK and the embedded AWS: it keeps every request, and breaks those that a test wants broken.
//!
//! It is an HTTP client of the SDK, so the real client signs, sends, times out and retries above it. The tests of the crates that
//! build on this one use the same file.

// Each test binary uses its part of this.
#![allow(dead_code)]

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
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
use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use tokio::time::Instant;

pub(crate) type Answer = Result<HttpResponse, ConnectorError>;
type Instead =
    Arc<dyn Fn(InMemoryAws, HttpRequest) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// What happens to a call instead of being carried out and answered.
#[derive(Clone)]
pub(crate) enum Fault {
    /// The connection breaks before AWS gets the request.
    RequestLost,
    /// AWS carries the request out, and the connection breaks before the answer arrives.
    AnswerLost,
    /// AWS gets nothing and answers nothing.
    Silence,
    /// The call takes this long and is then carried out.
    Slow(Duration),
    /// AWS does nothing and answers this.
    Refusal(u16, String),
    /// The test itself decides.
    Instead(Instead),
}

impl Fault {
    /// A fault of the test's own making.
    pub(crate) fn instead<F>(what: impl Fn(InMemoryAws, HttpRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::Instead(Arc::new(move |aws, request| Box::pin(what(aws, request))))
    }

    /// A JSON service refuses with this code.
    pub(crate) fn code(status: u16, code: &str) -> Self {
        Self::Refusal(status, format!(r#"{{"__type":"{code}","message":"injected"}}"#))
    }

    /// DynamoDB cancels a transaction with these codes, one for each action.
    pub(crate) fn cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<_> =
            codes.iter().map(|code| format!(r#"{{"Code":"{code}","Message":"injected"}}"#)).collect();
        Self::Refusal(
            400,
            format!(
                r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"injected","CancellationReasons":[{}]}}"#,
                reasons.join(",")
            ),
        )
    }
}

/// A request that the SDK sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

struct Rule {
    operation: &'static str,
    /// Only requests whose body holds this text.
    with: String,
    left: usize,
    fault: Fault,
}

/// The way to one embedded AWS. Clones share their calls and faults.
#[derive(Clone)]
pub(crate) struct Wire {
    aws: InMemoryAws,
    calls: Arc<Mutex<Vec<Call>>>,
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::to(InMemoryAws::new().unwrap())
    }

    /// A wire of its own to the same AWS, as another process has one.
    pub(crate) fn to(aws: InMemoryAws) -> Self {
        Self { aws, calls: Arc::default(), rules: Arc::default() }
    }

    pub(crate) fn aws(&self) -> InMemoryAws {
        self.aws.clone()
    }

    pub(crate) fn sdk_config(&self) -> SdkConfig {
        self.aws.sdk_config().into_builder().http_client(self.clone()).build()
    }

    /// Breaks the next `times` calls of this operation; faults of one operation take their turns in the order of these calls.
    pub(crate) fn inject(&self, operation: &'static str, times: usize, fault: Fault) {
        self.inject_where(operation, "", times, fault);
    }

    /// The same for calls whose body holds `with`.
    pub(crate) fn inject_where(&self, operation: &'static str, with: &str, times: usize, fault: Fault) {
        let with = with.to_owned();
        self.rules.lock().unwrap().push(Rule { operation, with, left: times, fault });
    }

    /// From now on everything works.
    pub(crate) fn repair(&self) {
        self.rules.lock().unwrap().clear();
    }

    /// All calls of this operation so far.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// How many calls of this operation there were so far.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls(operation).len()
    }

    /// The operations of all calls so far, in their order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|call| call.operation.clone()).collect()
    }

    /// How many calls there were so far.
    pub(crate) fn total(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    async fn carry_out(self, request: HttpRequest) -> Answer {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let operation = operation(&request, &body);
        let fault = self.fault_for(&operation, &body);
        self.calls.lock().unwrap().push(Call { operation, body, at: Instant::now() });
        let broken = || ConnectorError::io("the connection broke".into());
        match fault {
            None => self.aws.call(request).await,
            Some(Fault::RequestLost) => Err(broken()),
            Some(Fault::AnswerLost) => self.aws.call(request).await.and_then(|_| Err(broken())),
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Slow(time)) => {
                tokio::time::sleep(time).await;
                self.aws.call(request).await
            }
            Some(Fault::Refusal(status, body)) => Ok(response(status, body)),
            Some(Fault::Instead(what)) => what(self.aws, request).await,
        }
    }

    fn fault_for(&self, operation: &str, body: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && rule.operation == operation && body.contains(&rule.with))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

pub(crate) fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

/// JSON services name the operation in a header, SNS in its form; S3 has only the method.
fn operation(request: &HttpRequest, body: &str) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let action = || body.split('&').find_map(|field| field.strip_prefix("Action="));
    target.or_else(action).unwrap_or(request.method()).to_owned()
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry_out(request))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
