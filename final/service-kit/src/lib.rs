//! What every HTTP service, and the relay, of a system on AWS share, and what nobody wants to write twice:
//! settings that fail with one complete error, AWS clients that cannot hang, logs as JSON lines, a
//! correlation id on every answer and line, error answers of one shape, health, and a shutdown that finishes
//! what it began.
//!
//! It knows nothing of what a service is about and nothing of messaging.
//!
//! | module | what for |
//! |---|---|
//! | [`settings`] | read the environment, with one error for everything that is wrong with it |
//! | [`aws`] | one SDK configuration with timeouts, TLS by rustls and ring |
//! | [`logging`] | JSON lines in production, readable lines at a desk |
//! | [`correlation`] | `X-Correlation-Id` in, in the logs, and out |
//! | [`http`] | strict bodies and ids, error answers, and the layers around the routes |
//! | [`health`] | `/{service}/health` and `/{service}/ready` |
//! | [`shutdown`] | SIGTERM, and the requests in flight |
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
//! let port = env.parsed("PORT", 9701, "a TCP port");
//! let (base, port): (_, u16) = env.finish(|| Ok((base?, port?)))?;
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
//!     },
//! );
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
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
//! use service_kit::{JsonBody, Readiness, ServiceOptions, service_router};
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
//!     limits: service_kit::RequestLimits::default(),
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
//!     "order_total: invalid type: string \"much\", expected u64 at line 1 column 22",
//! );
//! # Ok(())
//! # }
//! ```

pub mod aws;
pub mod correlation;
pub mod health;
pub mod http;
pub mod logging;
pub mod server;
pub mod settings;
pub mod shutdown;

pub use aws::sdk_config;
pub use correlation::{CORRELATION_ID_HEADER, CorrelationId, IdSource};
pub use health::Readiness;
pub use http::{
    ApiError, IdempotencyKey, JsonBody, Links, MAX_BODY_BYTES, RequestLimits, ServiceOptions, UuidPath,
    optional_slash, service_router,
};
pub use logging::init as init_logging;
pub use server::serve;
pub use settings::{BaseSettings, Environment, Mode, Reported, ServiceSettings, SettingsError};
pub use shutdown::shutdown_token;
