//! Whether the process lives, and whether it can do its work.
//!
//! The two are asked by different callers. A failed *health* answer makes ECS replace the task, so it depends
//! on nothing but the process: if it asked DynamoDB, an outage there would restart every service. A failed
//! *ready* answer only tells the load balancer or a deployment to wait.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use futures::future::{BoxFuture, FutureExt, join_all};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{NotAccessLogged, optional_slash};

type BoxError = Box<dyn Error + Send + Sync>;
type Probe = Box<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// How long [`ask`] waits for a connection, and again for the answer. Docker's own limit for a check is 30
/// seconds.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the service that listens on `address` of this machine whether it is healthy. A container's health
/// check is the program itself, called so: its image has neither curl nor a shell.
///
/// # Errors
/// If nobody answers within three seconds, or with anything but 200. The next check may find another answer.
pub fn ask(address: SocketAddr, service: &str) -> io::Result<()> {
    let loopback = Ipv4Addr::LOCALHOST.into();
    let ip = if address.ip().is_unspecified() { loopback } else { address.ip() };
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // By HTTP/1.0 the answer ends with the connection.
    write!(stream, "GET /{service}/health HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(1024).read_to_string(&mut answer)?;
    let first = answer.lines().next().unwrap_or_default();
    match first.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(io::Error::other(format!("/{service}/health answers {first:?}"))),
    }
}

/// The checks behind the ready answer, each with a name. Without any, a service is ready as soon as it
/// listens.
pub struct Readiness {
    timeout: Duration,
    version: Option<String>,
    checks: Vec<(String, Probe)>,
}

impl Readiness {
    /// No checks yet. Each one that is added gets `timeout` to answer; all run at the same time. Keep it
    /// below the timeout of whoever asks (5 seconds for a load balancer unless set), or the caller hears
    /// nothing instead of a name.
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, version: None, checks: Vec::new() }
    }

    /// What health and readiness answer as their version; nothing while it is not known.
    #[must_use]
    pub fn of_release(mut self, version: Option<String>) -> Self {
        self.version = version;
        self
    }

    /// Adds a check that runs each time somebody asks. `name` appears in the answer, so it should mean
    /// something to an operator and give nothing away to others.
    #[must_use]
    pub fn check<F, A, E>(mut self, name: impl Into<String>, probe: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let probe = move || probe().map(|result| result.map_err(Into::into)).boxed();
        self.checks.push((name.into(), Box::new(probe)));
        self
    }

    async fn failing(&self) -> Vec<String> {
        let verdicts = join_all(self.checks.iter().map(|(name, probe)| self.verdict(name, probe))).await;
        verdicts.into_iter().flatten().collect()
    }

    async fn verdict(&self, name: &str, probe: &Probe) -> Option<String> {
        let error = match tokio::time::timeout(self.timeout, probe()).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        tracing::warn!(check = name, error = &*error as &dyn Error, "readiness_check_failed");
        Some(name.to_owned())
    }
}

/// What health and readiness are answered with.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// The release that answers; left out where nobody named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The checks that failed; left out while there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing: Vec<String>,
}

/// `GET /{service}/health` and `GET /{service}/ready`, both with an optional slash at the end.
pub(crate) fn routes(service: &str, readiness: Readiness) -> Router {
    let router = optional_slash(Router::new(), &format!("/{service}/health"), get(health));
    optional_slash(router, &format!("/{service}/ready"), get(ready)).with_state(Arc::new(readiness))
}

async fn health(State(readiness): State<Arc<Readiness>>) -> Response {
    answer(StatusCode::OK, &readiness, Vec::new())
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    let failing = readiness.failing().await;
    let status = if failing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &readiness, failing)
}

fn answer(code: StatusCode, readiness: &Readiness, failing: Vec<String>) -> Response {
    let status = if failing.is_empty() { "ok" } else { "unavailable" };
    let health = Health { status, version: readiness.version.clone(), failing };
    (code, Extension(NotAccessLogged), Json(health)).into_response()
}
