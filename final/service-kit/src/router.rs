//! The layers around a service's routes, in the one order that makes every answer complete.

use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::correlation::{IdSource, correlate};
use crate::health::{self, Readiness};
use crate::http::{ClientIsGone, Limited, NotAccessLogged, RequestLimits, fallback, known_method, limited};
use crate::request_trace::traced;

/// How long a body may keep the service waiting for its next part.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// What [`service_router`] needs to know about the service.
pub struct ServiceOptions {
    /// The first segment of the health paths: `orders` gives `/orders/health` and `/orders/ready`.
    pub service: &'static str,
    /// Gives the correlation id of a request that came without one.
    pub new_id: IdSource,
    /// What must work before the service may be sent requests.
    pub readiness: Readiness,
    /// How long a request may take, and how many there may be at once. Health and readiness are free of them.
    pub limits: RequestLimits,
}

/// Adds to a service's routes everything that is the same in all services.
///
/// From the outside in: the correlation id (outermost, so that every answer carries it), headers that keep
/// answers out of caches and from being taken for something else, span and time of the request, the access
/// log, the panic catcher; then the routes behind the [limits](RequestLimits), the health routes, and JSON
/// answers for an unknown route or method. A request that is not HTTP at all is refused by hyper before any
/// of them, without the header.
///
/// The limit on bodies is part of [`JsonBody`](crate::JsonBody). A handler that takes its body by other means
/// has axum's own limit of 2 MB and axum's own answers in plain text.
pub fn service_router(routes: Router, options: ServiceOptions) -> Router {
    let header = SetResponseHeaderLayer::overriding;
    routes
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(middleware::from_fn_with_state(Limited::from(options.limits), limited))
        .merge(health::routes(options.service, options.readiness))
        .fallback(fallback::route_not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(middleware::from_fn(access_log))
        .layer(middleware::from_fn(traced))
        .layer(header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(middleware::from_fn_with_state(options.new_id, correlate))
}

/// Logs each request once: when it was answered, also if nobody heard the answer any more, or else when it
/// was given up.
async fn access_log(request: Request, next: Next) -> Response {
    let mut line = AccessLine {
        started: Instant::now(),
        method: known_method(request.method()),
        route: request.extensions().get::<MatchedPath>().cloned(),
        client: request.extensions().get::<ClientIsGone>().cloned(),
        span: tracing::Span::current(),
        is_written: false,
    };
    let response = next.run(request).await;
    line.is_written = true;
    if response.status() != StatusCode::OK || response.extensions().get::<NotAccessLogged>().is_none() {
        line.write(response.status());
    }
    response
}

/// What is logged of a request: the route and not the path, and a method only if HTTP defines it, because the
/// caller may put any text into path and method.
struct AccessLine {
    started: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    client: Option<ClientIsGone>,
    span: tracing::Span,
    is_written: bool,
}

impl AccessLine {
    fn path(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    fn duration_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    fn write(&self, status: StatusCode) {
        let client_went_away = self.client.as_ref().is_some_and(|ClientIsGone(gone)| gone.is_cancelled());
        tracing::info!(
            method = self.method,
            path = self.path(),
            status = status.as_u16(),
            duration_ms = self.duration_ms(),
            client_went_away = client_went_away.then_some(true),
            "http_request"
        );
    }
}

impl Drop for AccessLine {
    /// The work was dropped before it ended. What it had committed by then may have taken effect.
    fn drop(&mut self) {
        if !self.is_written {
            let _entered = self.span.enter();
            let (method, path, duration_ms) = (self.method, self.path(), self.duration_ms());
            tracing::warn!(method, path, duration_ms, "http_request_given_up");
        }
    }
}
