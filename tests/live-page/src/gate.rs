//! The way of one part to AWS, at which it can be made to die, be refused, or find nobody.
//!
//! A part that has died makes no call any more: what it began hangs until its tasks are gone.

use std::fmt;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use aws_types::SdkConfig;
use local_aws::tap::{self, refusals};
use tokio::sync::oneshot;

/// At which call something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The part dies right after its next write to DynamoDB, before it hears that it was done.
    Write,
    /// The part dies right after it published, before it hears that it was done.
    Publish,
    /// SNS refuses the next message for good.
    Refusal,
}

impl Point {
    fn is_at(self, operation: &str) -> bool {
        match self {
            Self::Write => matches!(operation, "PutItem" | "TransactWriteItems"),
            Self::Publish | Self::Refusal => matches!(operation, "Publish" | "PublishBatch"),
        }
    }
}

/// Whether SNS is away, for all parts that share this.
#[derive(Clone, Debug, Default)]
pub struct Outage(Arc<AtomicBool>);

impl Outage {
    /// From now on it is, or is not.
    pub fn set(&self, away: bool) {
        self.0.store(away, Ordering::Relaxed);
    }
}

/// The gate of one part, from its start to its end.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    outage: Outage,
    dead: AtomicBool,
    armed: Mutex<Option<(Point, oneshot::Sender<String>)>>,
}

enum Verdict {
    Pass,
    Hang,
    Away,
    Refused,
    DiesAfter(oneshot::Sender<String>),
}

impl Gate {
    pub(crate) fn new(outage: Outage) -> Self {
        Self(Arc::new(Inner { outage, dead: AtomicBool::new(false), armed: Mutex::new(None) }))
    }

    /// The same settings, with every call through this gate.
    pub fn config(&self, config: SdkConfig) -> SdkConfig {
        match config.http_client() {
            Some(client) => {
                let client = self.client(client);
                config.into_builder().http_client(client).build()
            }
            None => config,
        }
    }

    fn client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        let gate = self.clone();
        http_client_fn(move |settings, components| {
            let inner = inner.http_connector(settings, components);
            SharedHttpConnector::new(Through { gate: gate.clone(), inner })
        })
    }

    /// Something happens at the next such call; then the operation's name comes.
    pub(crate) fn arm(&self, point: Point) -> oneshot::Receiver<String> {
        let (hit, told) = oneshot::channel();
        *self.0.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((point, hit));
        told
    }

    pub(crate) fn disarm(&self) {
        *self.0.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn judge(&self, operation: &str) -> Verdict {
        if self.0.dead.load(Ordering::Acquire) {
            return Verdict::Hang;
        }
        let publishes = Point::Publish.is_at(operation);
        if publishes && self.0.outage.0.load(Ordering::Relaxed) {
            return Verdict::Away;
        }
        let mut armed = self.0.armed.lock().unwrap_or_else(PoisonError::into_inner);
        match armed.take_if(|(point, _)| point.is_at(operation)) {
            Some((Point::Refusal, hit)) => {
                hit.send(operation.to_owned()).unwrap_or_default();
                Verdict::Refused
            }
            Some((Point::Write | Point::Publish, hit)) => {
                self.0.dead.store(true, Ordering::Release);
                Verdict::DiesAfter(hit)
            }
            None => Verdict::Pass,
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("dead", &self.0.dead).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Through {
    gate: Gate,
    inner: SharedHttpConnector,
}

impl HttpConnector for Through {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = tap::operation(&request);
        match self.gate.judge(&operation) {
            Verdict::Pass => self.inner.call(request),
            Verdict::Hang => HttpConnectorFuture::new(std::future::pending()),
            Verdict::Away => HttpConnectorFuture::ready(Err(ConnectorError::io(
                "SNS is away, as the page was told".into(),
            ))),
            Verdict::Refused => HttpConnectorFuture::ready(Ok(refusals::refused_message())),
            Verdict::DiesAfter(hit) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    drop(inner.call(request).await);
                    hit.send(operation).unwrap_or_default();
                    std::future::pending().await
                })
            }
        }
    }
}
