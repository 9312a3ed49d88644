//! The embedded AWS as an HTTP client of the SDK: no socket, no thread, time from tokio's clock.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::BodyExt;

use crate::clock::VirtualClock;
use crate::error::StartError;
use crate::services::Services;
use crate::ses::Mail;
use crate::watch::Exchange;
use crate::{schema, sdk};

/// Only queue URLs show it: the SDK is given a client that dials nothing. Names under `.localhost` resolve
/// nowhere else.
const HOST: &str = "in-memory.localhost";
const PORT: u16 = 80;

/// An AWS of one's own inside the process, for tests that pause the clock (`#[tokio::test(start_paused =
/// true)]`).
///
/// Clones share the services; each [`InMemoryAws::new`] makes new ones. Queues are tasks of the tokio runtime
/// on which they were created, and end with it.
///
/// The same test takes the same course each time as far as this crate can help it: DynamoDB's times, stream
/// sequence numbers and request ids repeat. Not repeatable are the message ids, receipt handles, timestamps
/// and age of messages that SQS and SNS make (random, and taken from the real clock), the stream's event ids,
/// the SDK's idempotency tokens where the caller sets none, and the jitter of the SDK's retries.
#[derive(Clone)]
pub struct InMemoryAws {
    services: Arc<Services>,
    clock: VirtualClock,
}

impl InMemoryAws {
    /// New, empty services. Their clock starts at 2026-01-01T00:00:00Z and follows that of the current tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`StartError::Database`] if SQLite cannot open a database in memory.
    pub fn new() -> Result<Self, StartError> {
        Self::with(|database| {
            schema::index_memory(database);
            Ok(())
        })
    }

    /// New services over a database that this fills.
    pub(crate) fn with(fill: impl FnOnce(&Database) -> Result<(), StartError>) -> Result<Self, StartError> {
        let clock = VirtualClock::start();
        let shared = Arc::new(clock.clone());
        let database = Database::memory_with_clock(shared.clone()).map_err(StartError::Database)?;
        fill(&database)?;
        Ok(Self { services: Arc::new(Services::new(database, shared, HOST, PORT)), clock })
    }

    /// Answers a request that was made before.
    pub(crate) async fn repeat(&self, request: http::Request<Bytes>) {
        self.services.answer(request).await;
    }

    /// Copies the tables, with their streams, into an empty SQLite database.
    pub(crate) fn copy_tables(&self, to: &str) -> Result<(), StartError> {
        self.services.copy_tables(to)
    }

    /// Settings for any SDK client that shall call these services, with this value as its HTTP client.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk::config(&format!("http://{HOST}:{PORT}"))
            .http_client(self.clone())
            .time_source(self.clock.clone())
            .build()
    }

    /// The clock that DynamoDB and the SDK read, to be given to the code under test as well.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// Every call from now on, as [`LocalAws::watch`](crate::LocalAws::watch) tells of it.
    pub fn watch(&self) -> tokio::sync::broadcast::Receiver<Arc<Exchange>> {
        self.services.watchers().subscribe()
    }

    /// The mails that were sent so far, in their sequence.
    pub fn mails(&self) -> Vec<Mail> {
        self.services.mails()
    }

    /// Answers one SDK request. A connector that injects faults wraps this.
    ///
    /// Other tasks run before and after the work, as they would during a network call; the work itself is not
    /// interrupted. A long poll or a visibility timeout takes virtual time.
    ///
    /// # Errors
    ///
    /// Only for a request that no SDK client sends: a streaming body, or headers that are not HTTP/1.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        tokio::task::yield_now().await;
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        let body: Bytes = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
        let response = self.services.answer(http::Request::from_parts(parts, body)).await;
        tokio::task::yield_now().await;
        let response = response.map(SdkBody::from);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl fmt::Debug for InMemoryAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryAws").finish_non_exhaustive()
    }
}

impl HttpConnector for InMemoryAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.clone();
        HttpConnectorFuture::new(async move { InMemoryAws::call(&aws, request).await })
    }
}

impl HttpClient for InMemoryAws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
