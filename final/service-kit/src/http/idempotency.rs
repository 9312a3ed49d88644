//! `Idempotency-Key`: a POST that may be sent again without doing its work again.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use uuid::Uuid;

use super::ApiError;

/// The name of the header.
const HEADER: &str = "idempotency-key";
/// The longest key, in characters.
const MAX_CHARS: usize = 255;

/// The request's `Idempotency-Key`, if it has one.
///
/// The key decides the id of what the request creates, so a repeated request meets the first one's work and finds that there is
/// nothing left to do. No table of keys is needed, and no key expires. A key of 1 to 255 visible ASCII characters is accepted;
/// anything else is answered with 400 `INVALID_IDEMPOTENCY_KEY_ERROR`.
///
/// Keys belong to everybody: with many clients, make keys that nobody else makes, such as random UUIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// The id of what the request creates: made from the key, or new when there is none. `kind` keeps the keys of different
    /// resources apart.
    pub fn id_for(&self, kind: &str, new_id: impl FnOnce() -> Uuid) -> Uuid {
        match &self.0 {
            Some(key) => {
                Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("idempotency-key:{kind}:{key}").as_bytes())
            }
            None => new_id(),
        }
    }

    /// The answer to a request whose key was used for a different request.
    pub fn reused() -> ApiError {
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED_ERROR",
            "this Idempotency-Key was used for a different request; use a new key for a new request",
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(key)
                if (1..=MAX_CHARS).contains(&key.len())
                    && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Self(Some(key.to_owned())))
            }
            _ => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "INVALID_IDEMPOTENCY_KEY_ERROR",
                "an Idempotency-Key has 1 to 255 visible ASCII characters",
            )),
        }
    }
}
