//! A JSON request body, read strictly, with an answer that says which part of it was wrong.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use mime::Mime;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::{ApiError, json_error};

/// The largest request body, 64 KiB: a quarter of what an SNS topic takes unless it is set up for more, so
/// that a command whose content becomes an event has room for the envelope and for escaping.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The body of a request, a JSON object that reads as `T`. Fields that `T` does not have are ignored.
///
/// What is refused, and how:
///
/// | input | status | code |
/// |---|---|---|
/// | no `Content-Type`, several, or one that is not JSON in UTF-8 | 415 | `UNSUPPORTED_MEDIA_TYPE_ERROR` |
/// | a `Content-Encoding` other than `identity` | 415 | `UNSUPPORTED_MEDIA_TYPE_ERROR` |
/// | more than [`MAX_BODY_BYTES`] | 413 | `PAYLOAD_TOO_LARGE_ERROR` |
/// | not JSON, not UTF-8, cut short, or followed by more | 400 | `MALFORMED_JSON_ERROR` |
/// | JSON, but a field is missing or wrong, or it is no object | 400 | `VALIDATION_ERROR` |
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        is_plain_json(request.headers())?;
        DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| refuse(&rejection))?;
        read(json_error::utf8(&bytes)?).map(Self)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Object(body) =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| json_error::in_field(&error))?;
    deserializer.end().map_err(|error| json_error::syntax(&error))?;
    Ok(body)
}

fn is_plain_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let encoded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| coding.to_str().map_or(true, |coding| !coding.trim().eq_ignore_ascii_case("identity")));
    if encoded {
        return Err(unsupported("send the body as it is, without a Content-Encoding"));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().and_then(|value| value.to_str().ok()).is_some_and(is_json);
    if json && types.next().is_none() {
        return Ok(());
    }
    Err(unsupported("send the body as JSON in UTF-8, with one header Content-Type: application/json"))
}

fn is_json(content_type: &str) -> bool {
    let Ok(mime) = content_type.parse::<Mime>() else { return false };
    let json = mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON);
    let utf8 = mime.params().all(|(name, value)| name != mime::CHARSET || value == mime::UTF_8);
    mime.type_() == mime::APPLICATION && json && utf8
}

fn unsupported(what_to_do: &str) -> ApiError {
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE_ERROR", what_to_do)
}

fn refuse(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE_ERROR",
            format!("the body is larger than {MAX_BODY_BYTES} bytes"),
        );
    }
    json_error::malformed("the body could not be read to its end".to_owned())
}

/// Reads `T` from a JSON object only. A derived struct also reads itself from an array, by the order of its
/// fields, and `["Ann", 100]` as a body would break the day somebody adds a field.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
