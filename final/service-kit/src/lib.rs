//! What every program of a system on AWS shares, and what nobody wants to write twice: settings that fail
//! with one complete error, AWS clients that cannot hang, logs as JSON lines, and a shutdown that finishes
//! what it began; with the feature `http` also a correlation id on every answer and line, error answers of
//! one shape, and health.
//!
//! It knows nothing of what a service is about and nothing of messaging.
//!
//! | module | what for |
//! |---|---|
//! | [`settings`] | read the environment, with one error for everything that is wrong with it |
//! | [`aws`] | one SDK configuration with timeouts, TLS by rustls and ring |
//! | [`logging`] | JSON lines in production, readable lines at a desk |
//! | [`shutdown`] | SIGTERM and ctrl-c |
//!
//! With the feature `http`, each resting on those above it:
//!
//! | module | what for |
//! |---|---|
//! | [`http`] | strict bodies and ids, and error answers |
//! | [`correlation`] | `X-Correlation-Id` in, in the logs, and out |
//! | [`health`] | `/{service}/health` and `/{service}/ready` |
//! | [`request_trace`] | `traceparent` and `tracestate` in; a span and a time for each request |
//! | [`openapi`] | what the documents of all services have in common |
//! | [`router`] | the layers around the routes |
//! | [`auth`] | who may call; with the feature `jwt` |
//! | [`server`] | connections, and how the server ends |
//!
//! A service in full:
//!
//! ```no_run
//! # use std::{sync::Arc, time::Duration};
//! use service_kit::*;
//!
//! # async fn get_order() {}
//! # async fn main_() -> Result<(), Box<dyn std::error::Error>> {
//! let mut env = Environment::from_process();
//! let base = BaseSettings::read(&mut env);
//! let address = settings::listen_address(&mut env);
//! let (base, address) = env.finish(|| Ok((base?, address?)))?;
//!
//! logging::init(base.environment);
//! let token = shutdown_token()?;
//! let aws = sdk_config(&base).await; // every client of the process is made from this
//!
//! let routes = optional_slash(axum::Router::new(), "/order/{id}", axum::routing::get(get_order));
//! let router = service_router(
//!     routes,
//!     ServiceOptions {
//!         service: "orders",
//!         new_id: Arc::new(uuid::Uuid::new_v4),
//!         readiness: Readiness::within(Duration::from_secs(2)),
//!         limits: RequestLimits::default(),
//!     },
//! );
//! let listener = tokio::net::TcpListener::bind(address).await?;
//! serve(listener, router, token, Duration::from_secs(20)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! And what its callers get:
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! use axum::{Router, body::Body, http::Request, routing::post};
//! use service_kit::{JsonBody, Readiness, RequestLimits, ServiceOptions, service_router};
//! use tower::ServiceExt;
//!
//! #[derive(serde::Deserialize)]
//! struct CreateOrder {
//!     order_total: u64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = Router::new().route("/orders", post(async |JsonBody(order): JsonBody<CreateOrder>| {
//!     order.order_total.to_string()
//! }));
//! let router = service_router(routes, ServiceOptions {
//!     service: "orders",
//!     new_id: Arc::new(uuid::Uuid::nil),
//!     readiness: Readiness::within(Duration::from_secs(2)),
//!     limits: RequestLimits::default(),
//! });
//!
//! let request = Request::post("/orders")
//!     .header("content-type", "application/json")
//!     .body(Body::from(r#"{"order_total": "much"}"#))?;
//! let answer = router.oneshot(request).await?;
//!
//! assert_eq!(answer.status(), 400);
//! assert_eq!(answer.headers()["x-correlation-id"], "00000000-0000-0000-0000-000000000000");
//! let body = axum::body::to_bytes(answer.into_body(), 1024).await?;
//! let body: serde_json::Value = serde_json::from_slice(&body)?;
//! assert_eq!(body["error"], "VALIDATION_ERROR");
//! assert_eq!(
//!     body["message"],
//!     "order_total: expected a whole number from 0 to 18446744073709551615, found a string (line 1, column 22)",
//! );
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "jwt")]
pub mod auth;
pub mod aws;
#[cfg(feature = "http")]
pub mod correlation;
#[cfg(feature = "http")]
pub mod health;
mod hosts;
#[cfg(feature = "http")]
pub mod http;
pub mod logging;
#[cfg(feature = "http")]
pub mod openapi;
#[cfg(feature = "http")]
pub mod request_trace;
#[cfg(feature = "http")]
pub mod router;
#[cfg(feature = "http")]
pub mod server;
pub mod settings;
pub mod shutdown;

pub use aws::sdk_config;
pub use logging::init as init_logging;
pub use settings::{BaseSettings, Environment, Mode, Reported, SettingsError};
pub use shutdown::shutdown_token;

#[cfg(feature = "http")]
pub use {
    crate::correlation::{CORRELATION_ID_HEADER, CorrelationId, IdSource},
    crate::health::Readiness,
    crate::http::{
        ApiError, IdempotencyKey, JsonBody, Links, MAX_BODY_BYTES, RequestLimits, UuidPath, UuidText,
        WholeNumber, optional_slash,
    },
    crate::request_trace::RequestTrace,
    crate::router::{ServiceOptions, service_router},
    crate::server::serve,
};
