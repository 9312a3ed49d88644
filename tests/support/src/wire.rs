//! The wire between the SDK and the embedded AWS: it keeps every request, and breaks those that a test wants
//! broken.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_types::SdkConfig;
use local_aws::{
    InMemoryAws,
    tap::{self, refusals},
};
use serde_json::json;
use tokio::time::Instant;

pub use local_aws::tap::Answer;

type Instead =
    Arc<dyn Fn(InMemoryAws, HttpRequest) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// What happens to a call instead of being carried out and answered.
#[derive(Clone)]
pub enum Fault {
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
    pub fn instead<F>(what: impl Fn(InMemoryAws, HttpRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::Instead(Arc::new(move |aws, request| Box::pin(what(aws, request))))
    }

    /// A JSON service refuses with this code.
    pub fn code(status: u16, code: &str) -> Self {
        Self::Refusal(status, json!({ "__type": code, "message": "injected" }).to_string())
    }

    /// DynamoDB cancels a transaction with these codes, one for each action.
    pub fn cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<_> =
            codes.iter().map(|code| json!({ "Code": code, "Message": "injected" })).collect();
        Self::instead(move |_, _| std::future::ready(Ok(refusals::cancelled(reasons.clone()))))
    }
}

/// A request that the SDK sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `GetItem`.
    pub operation: String,
    /// As it was sent.
    pub body: String,
    /// When it was sent.
    pub at: Instant,
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
pub struct Wire {
    aws: InMemoryAws,
    calls: Arc<Mutex<Vec<Call>>>,
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl Wire {
    /// A wire to an AWS of its own.
    #[allow(clippy::new_without_default, reason = "no test wants one by default")]
    pub fn new() -> Self {
        Self::to(InMemoryAws::new().unwrap())
    }

    /// A wire of its own to the same AWS, as another process has one.
    pub fn to(aws: InMemoryAws) -> Self {
        Self { aws, calls: Arc::default(), rules: Arc::default() }
    }

    /// The AWS at its end.
    pub fn aws(&self) -> InMemoryAws {
        self.aws.clone()
    }

    /// Settings for SDK clients that call over this wire.
    pub fn sdk_config(&self) -> SdkConfig {
        let wire = self.clone();
        let client = tap::new(move |request| wire.clone().carry_out(request));
        self.aws.sdk_config().into_builder().http_client(client).build()
    }

    /// Breaks the next `times` calls of this operation; faults of one operation take their turns in the order
    /// of these calls.
    pub fn inject(&self, operation: &'static str, times: usize, fault: Fault) {
        self.inject_where(operation, "", times, fault);
    }

    /// The same for calls whose body holds `with`.
    pub fn inject_where(&self, operation: &'static str, with: &str, times: usize, fault: Fault) {
        let with = with.to_owned();
        self.rules.lock().unwrap().push(Rule { operation, with, left: times, fault });
    }

    /// From now on everything works.
    pub fn repair(&self) {
        self.rules.lock().unwrap().clear();
    }

    /// All calls of this operation so far.
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// How many calls of this operation there were so far.
    pub fn count(&self, operation: &str) -> usize {
        self.calls(operation).len()
    }

    /// The operations of all calls so far, in their order.
    pub fn operations(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|call| call.operation.clone()).collect()
    }

    /// How many calls there were so far.
    pub fn total(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    async fn carry_out(self, request: HttpRequest) -> Answer {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let operation = tap::operation(&request);
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

/// An answer with this body, which is JSON or XML.
pub fn response(status: u16, body: String) -> HttpResponse {
    let kind = if body.starts_with('<') { "text/xml" } else { "application/x-amz-json-1.0" };
    refusals::response(status, kind, body)
}
