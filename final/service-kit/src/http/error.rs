//! The one shape of a failed request: `{"error": CODE, "message": "…", "_links": {…}}`.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Links;

/// What every 503 tells its caller: most of what is in the way for a moment is gone after one.
const RETRY_AFTER_SECONDS: &str = "1";

/// A request that failed, as its caller hears of it. Handlers return it as the `Err` of their `Result`.
///
/// ```
/// use axum::http::StatusCode;
/// use service_kit::{ApiError, Links};
///
/// let error = ApiError::new(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND_ERROR", "there is no such order")
///     .with_links(Links::new().with("self", "/order/7"));
/// assert_eq!(
///     serde_json::to_value(&error)?,
///     serde_json::json!({
///         "error": "ORDER_NOT_FOUND_ERROR",
///         "message": "there is no such order",
///         "_links": { "self": { "href": "/order/7" } },
///     })
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The status of the answer.
    #[serde(skip)]
    pub status: StatusCode,
    /// What programs compare with. A code, once published, keeps its meaning.
    #[serde(rename = "error")]
    pub code: &'static str,
    /// What a person reads: what was wrong and what to do. It may change at any time.
    pub message: String,
    /// Where to go from here; left out of the answer while empty.
    #[serde(rename = "_links", skip_serializing_if = "Links::is_empty")]
    pub links: Links,
}

impl ApiError {
    /// An error without links.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), links: Links::new() }
    }

    /// A failure of ours, `SYSTEM_ERROR` with status 500. The caller learns nothing about its cause, so log
    /// the cause before: the correlation id in the header of the answer leads to that line.
    pub fn system() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SYSTEM_ERROR",
            "the request failed on our side; quote the X-Correlation-Id of this answer when you report it",
        )
    }

    /// A value that is readable but breaks a rule: 400 `VALIDATION_ERROR` with the field's name.
    pub fn invalid(field: &str, rule: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", format!("{field}: {rule}"))
    }

    /// A failure of ours whose cause is logged here, for somebody must act: [`system`](Self::system).
    pub fn failed(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(cause, "request_failed");
        Self::system()
    }

    /// Something was in the way that may be gone in a moment: 503 `TEMPORARILY_UNAVAILABLE_ERROR`. The cause is logged here.
    pub fn unavailable(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(cause, "request_not_served");
        Self::busy()
    }

    /// The same, for a cause that is no error: too many requests at once, say.
    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TEMPORARILY_UNAVAILABLE_ERROR",
            "the request could not be completed now; repeat it, with an Idempotency-Key if it creates something",
        )
    }

    /// The same error with these links in place of its own.
    #[must_use]
    pub fn with_links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// Whether the same request may succeed later: after a lost race, under load, or once a failure of ours
    /// is over.
    pub fn is_retryable(&self) -> bool {
        self.status.is_server_error()
            || matches!(self.status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(self)).into_response();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        answer
    }
}
