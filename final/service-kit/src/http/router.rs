//! The layers around a service's routes, in the one order that makes every answer complete.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

use super::fallback;
use crate::correlation::{IdSource, correlate};
use crate::health::{self, Readiness};

/// What [`service_router`] needs to know about the service.
pub struct ServiceOptions {
    /// The first segment of the health paths: `orders` gives `/orders/health` and `/orders/ready`.
    pub service: &'static str,
    /// Gives the correlation id of a request that came without one.
    pub new_id: IdSource,
    /// What must work before the service may be sent requests.
    pub readiness: Readiness,
}

/// Adds to a service's routes everything that is the same in all services.
///
/// From the outside in: the correlation id (outermost, so that every answer carries it), the access log, the
/// panic catcher; then the routes, the health routes, and JSON answers for an unknown route or method. A
/// request that is not HTTP at all is refused by hyper before any of them, without the header.
///
/// The limit on bodies is part of [`JsonBody`](crate::JsonBody). A handler that takes its body by other means
/// has axum's own limit of 2 MB and axum's own answers in plain text.
pub fn service_router(routes: Router, options: ServiceOptions) -> Router {
    routes
        .merge(health::routes(options.service, options.readiness))
        .fallback(fallback::route_not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(CatchPanicLayer::custom(fallback::panicked))
        .layer(middleware::from_fn(access_log))
        .layer(middleware::from_fn_with_state(options.new_id, correlate))
}

/// Registers `methods` at `path` and at the same path with a `/` behind it.
pub fn optional_slash<S>(router: Router<S>, path: &str, methods: MethodRouter<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router.route(path, methods.clone()).route(&format!("{path}/"), methods)
}

/// Marks an answer that the access log leaves out if it is a success, as a load balancer asks for it every
/// few seconds.
#[derive(Clone, Copy)]
pub(crate) struct NotAccessLogged;

/// Logs the route and not the path, and a method only if HTTP defines it: both else are text of the caller's
/// choice.
async fn access_log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK || response.extensions().get::<NotAccessLogged>().is_none() {
        tracing::info!(
            method,
            path = route.as_ref().map_or("unmatched", MatchedPath::as_str),
            status = response.status().as_u16(),
            duration_ms = started.elapsed().as_secs_f64() * 1e3,
            "http_request"
        );
    }
    response
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
