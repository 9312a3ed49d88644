//! Answers where no handler gives one: no such route, no such method, a handler that panicked.

use std::any::Any;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::ApiError;

pub(crate) async fn route_not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND_ERROR", "there is nothing at this path")
}

/// The `Allow` header is added by axum, which knows the methods of the route.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED_ERROR",
        "this path does not answer to that method; the Allow header lists those it does",
    )
}

/// The message of the panic may quote the request, so it goes neither to the caller nor to the log.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("http_handler_panicked");
    ApiError::system().into_response()
}
