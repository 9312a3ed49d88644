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
/// The key decides the id of what the request creates, so a repeated request meets the first one's work and
/// finds that there is nothing left to do. No table of keys is needed, and no key expires.
///
/// A key has 1 to 255 visible ASCII characters. It may stand in quotation marks, as the draft of the IETF
/// writes it (a string of RFC 9651: `\"` and `\\` inside); the key is what stands between them, so both
/// spellings are the same key. Anything else, and a header that comes twice, is answered with 400
/// `INVALID_IDEMPOTENCY_KEY_ERROR`.
///
/// Keys belong to everybody: with many clients, make keys that nobody else makes, such as random UUIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// What the value of the header looks like, as a regular expression.
    pub const PATTERN: &str = r#"^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$"#;

    /// The id of what the request creates: made from the key, or new when there is none. `kind` keeps the
    /// keys of different resources apart.
    pub fn id_for(&self, kind: &str, new_id: impl FnOnce() -> Uuid) -> Uuid {
        match &self.0 {
            Some(key) => {
                Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("idempotency-key:{kind}:{key}").as_bytes())
            }
            None => new_id(),
        }
    }

    /// The answer when something else has the id that the request would create: its key was used for a
    /// different request. Without a key the id was ours to choose, so that is a failure of ours.
    pub fn reused(&self) -> ApiError {
        if self.0.is_none() {
            tracing::error!("fresh_id_was_taken");
            return ApiError::system();
        }
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED_ERROR",
            "this Idempotency-Key was used for a different request; use a new key for a new request",
        )
    }

    /// The answer when what the request created before is not there any more: 410 `ERASED_ERROR`. It is true
    /// with a key and without one, for a commit whose answer was lost is found again by its messages.
    pub fn erased() -> ApiError {
        ApiError::new(
            StatusCode::GONE,
            "ERASED_ERROR",
            "what this request created was erased since; to create it anew, send a new Idempotency-Key or none",
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        if values.next().is_some() {
            return Err(invalid("the request has several Idempotency-Key headers; send one"));
        }
        let key = value.to_str().ok().and_then(read);
        key.map(|key| Self(Some(key))).ok_or_else(|| {
            invalid(
                "an Idempotency-Key has 1 to 255 visible ASCII characters, with or without quotation marks",
            )
        })
    }
}

/// The key that a header holds, if it holds one.
fn read(value: &str) -> Option<String> {
    let key = if value.starts_with('"') { unquoted(value)? } else { value.to_owned() };
    let fits = (1..=MAX_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(key)
}

fn unquoted(value: &str) -> Option<String> {
    let mut inside = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut key = String::new();
    while let Some(character) = inside.next() {
        match character {
            '"' => return None,
            '\\' => key.push(inside.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    Some(key)
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "INVALID_IDEMPOTENCY_KEY_ERROR", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// Text that is a key, nearly one, or none.
    fn values() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~]{0,6}",
            r#""[!-~]{0,4}"#,
            r#""[a\\"]{0,4}""#,
            "[!-~]{250,258}",
            r#""[a-z]{250,258}""#
        ]
    }

    proptest! {
        /// What the document says is what the service accepts, in both directions.
        #[test]
        fn the_documented_pattern_is_the_rule(value in values()) {
            prop_assert_eq!(read(&value).is_some(), Regex::new(IdempotencyKey::PATTERN).unwrap().is_match(&value));
        }

        #[test]
        fn a_key_in_quotation_marks_is_the_same_key(key in "[!#-~][!-~]{0,254}") {
            let quoted = format!("\"{}\"", key.replace('\\', r"\\").replace('"', "\\\""));
            prop_assert_eq!(read(&quoted), read(&key));
        }
    }
}
