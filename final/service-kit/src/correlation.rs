//! One id for everything that one request sets off, across services, messages and logs.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::http::ApiError;
use crate::logging::SPAN_TARGET;

/// Where fresh ids come from: random ones in production, counted ones in a test that must always print the
/// same.
pub type IdSource = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// The header that carries the id in both directions.
pub const CORRELATION_ID_HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// The id that a request came with or was given. In a handler, take it as an argument:
///
/// ```
/// use service_kit::CorrelationId;
///
/// async fn create_order(correlation_id: CorrelationId) -> String {
///     format!("caused by {correlation_id}")
/// }
/// # let _: axum::Router = axum::Router::new().route("/orders", axum::routing::post(create_order));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrelationId(Uuid);

impl CorrelationId {
    /// Takes over an id that came with a message.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id itself.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }

    /// A span that puts the id on every log line written inside. A message consumer enters it around its
    /// handler.
    pub fn span(&self) -> Span {
        // The level is the highest one, or a filter of `warn` would drop the id from the lines that matter
        // most.
        tracing::error_span!(target: SPAN_TARGET, "correlation", correlation_id = %self.0)
    }

    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CORRELATION_ID_HEADER)?;
        // A malformed or too long value is no error: the request gets a fresh id. The value may hold
        // anything, so it is not written anywhere.
        Uuid::try_parse_ascii(text.as_bytes()).map(Self).ok()
    }
}

impl From<Uuid> for CorrelationId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CorrelationId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().copied().ok_or_else(|| {
            tracing::error!("correlation_layer_missing");
            ApiError::system()
        })
    }
}

/// Middleware that gives every request its id and every answer the header, errors included.
///
/// [`service_router`](crate::service_router) installs it outermost; a router of your own does so by
/// `axum::middleware::from_fn_with_state(ids, correlate)`.
///
/// A request with several of these headers is refused with 400 `SEVERAL_CORRELATION_IDS_ERROR`: whichever was
/// taken, somebody would look for the other.
pub async fn correlate(State(new_id): State<IdSource>, mut request: Request, next: Next) -> Response {
    let several = request.headers().get_all(CORRELATION_ID_HEADER).iter().count() > 1;
    let sent = if several { None } else { CorrelationId::from_headers(request.headers()) };
    let id = sent.unwrap_or_else(|| CorrelationId(new_id()));
    request.extensions_mut().insert(id);
    let mut response = if several { refuse_several() } else { next.run(request).instrument(id.span()).await };
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(CORRELATION_ID_HEADER, value);
    }
    response
}

fn refuse_several() -> Response {
    let message = "the request has several X-Correlation-Id headers; send one";
    ApiError::new(StatusCode::BAD_REQUEST, "SEVERAL_CORRELATION_IDS_ERROR", message).into_response()
}
