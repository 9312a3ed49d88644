//! The id in a path such as `/order/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::ApiError;

/// The only parameter of the path, a UUID in its hyphenated form, in small letters or capitals. Anything else
/// is answered with 400 `INVALID_ID_ERROR`: the braces, the `urn:uuid:` and the bare digits that a UUID
/// parser also accepts would give one resource several addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UuidPath(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for UuidPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(refuse)?;
        text.parse::<Hyphenated>().map(|id| Self(id.into_uuid())).map_err(|_| invalid_id())
    }
}

fn refuse(rejection: PathRejection) -> ApiError {
    if rejection.status().is_server_error() {
        // The route has no parameter or several: a mistake in the service that no caller can make up for.
        tracing::error!(error = &rejection as &dyn std::error::Error, "uuid_path_on_wrong_route");
        return ApiError::system();
    }
    invalid_id()
}

fn invalid_id() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INVALID_ID_ERROR",
        "the id in the path is not a hyphenated UUID such as 0198c9a6-7c1e-7d4a-9d53-2f6b8e1c0a47",
    )
}
