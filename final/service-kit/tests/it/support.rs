//! A small service like the real ones, a way to ask it, and a way to read what it logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use service_kit::{
    ApiError, CorrelationId, IdSource, JsonBody, Links, Mode, Readiness, RequestLimits, ServiceOptions,
    UuidPath, logging, optional_slash, service_router,
};
use tower::ServiceExt;
use uuid::Uuid;

/// The id that requests without one are given in every test.
pub(crate) const FRESH_ID: &str = "00000000-0000-4000-8000-000000000001";

pub(crate) fn fresh_ids() -> IdSource {
    Arc::new(|| FRESH_ID.parse().unwrap())
}

pub(crate) fn options(readiness: Readiness) -> ServiceOptions {
    ServiceOptions { service: "orders", new_id: fresh_ids(), readiness, limits: RequestLimits::default() }
}

pub(crate) fn always_ready() -> Readiness {
    Readiness::within(Duration::from_secs(1))
}

#[derive(Deserialize)]
pub(crate) struct CreateOrder {
    pub(crate) customer_id: Uuid,
    pub(crate) order_total: u64,
    #[serde(default)]
    pub(crate) lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(crate) struct Line {
    pub(crate) quantity: u32,
}

/// A service with a route of every kind.
pub(crate) fn service() -> Router {
    let routes = Router::new()
        .route("/orders", post(create))
        .route(
            "/panic",
            post(async || {
                if true {
                    panic!("canary in a panic")
                }
            }),
        )
        .route("/no-parameter", get(async |UuidPath(_): UuidPath| ()))
        .route("/correlation", get(async |id: CorrelationId| id.to_string()));
    service_router(optional_slash(routes, "/order/{id}", get(find)), options(always_ready()))
}

async fn create(JsonBody(order): JsonBody<CreateOrder>) -> String {
    let pieces: u64 = order.lines.iter().map(|line| u64::from(line.quantity)).sum();
    format!("{} {} {pieces}", order.customer_id, order.order_total)
}

async fn find(UuidPath(id): UuidPath) -> impl IntoResponse {
    ApiError::new(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND_ERROR", "there is no such order").with_links(
        Links::new().with("self", format!("/order/{id}")).with("cancel", format!("/order/{id}/cancel")),
    )
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn correlation_id(&self) -> &str {
        self.headers["x-correlation-id"].to_str().unwrap()
    }
}

pub(crate) async fn ask(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

pub(crate) fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post_json(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

/// Where a test's log lines go.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Captures what this thread logs in production's layout until the guard is dropped.
    pub(crate) fn capture(filter: Option<&str>) -> (Self, tracing::subscriber::DefaultGuard) {
        Self::capture_in(Mode::Production, filter)
    }

    /// The same in the layout of this mode.
    pub(crate) fn capture_in(mode: Mode, filter: Option<&str>) -> (Self, tracing::subscriber::DefaultGuard) {
        let logs = Self::default();
        let writer = logs.clone();
        let subscriber = logging::subscriber(mode, filter, move || writer.clone());
        // A place in the code that another thread reaches first, without a subscriber, would be taken for one
        // that nobody listens to.
        static SOMEBODY_LISTENS: std::sync::Once = std::sync::Once::new();
        SOMEBODY_LISTENS
            .call_once(|| drop(tracing::subscriber::set_global_default(tracing_subscriber::registry())));
        (logs, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Every line, which must be a JSON object.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
