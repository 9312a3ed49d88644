//! A JSON request body, read strictly, with an answer that says which part of it was wrong.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::ApiError;

/// The largest request body, 64 KiB: a quarter of what an SNS topic takes unless it is set up for more, so
/// that a command whose content becomes an event has room for the envelope and for escaping.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The body of a request, a JSON object that reads as `T`. Fields that `T` does not have are ignored.
///
/// What is refused, and how:
///
/// | input | status | code |
/// |---|---|---|
/// | no `Content-Type`, or one that is not JSON | 415 | `UNSUPPORTED_MEDIA_TYPE_ERROR` |
/// | more than [`MAX_BODY_BYTES`] | 413 | `PAYLOAD_TOO_LARGE_ERROR` |
/// | not JSON, cut short, or followed by more | 400 | `MALFORMED_JSON_ERROR` |
/// | JSON, but a field is missing or wrong, or it is no object | 400 | `VALIDATION_ERROR` |
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
        let Json(Object(body)) = Json::from_request(request, state).await.map_err(refuse)?;
        Ok(Self(body))
    }
}

fn refuse(rejection: JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE_ERROR",
            "send the body as JSON, with the header Content-Type: application/json",
        ),
        JsonRejection::JsonDataError(error) => bad_request("VALIDATION_ERROR", describe(&error)),
        JsonRejection::JsonSyntaxError(error) => bad_request("MALFORMED_JSON_ERROR", describe(&error)),
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE_ERROR",
            format!("the body is larger than {MAX_BODY_BYTES} bytes"),
        ),
        _ => bad_request("MALFORMED_JSON_ERROR", "the body could not be read to its end".to_owned()),
    }
}

fn bad_request(code: &'static str, message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message)
}

/// Digs out of axum's error the place in the document and what was expected there.
fn describe(error: &(dyn Error + 'static)) -> String {
    let found = std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<serde_path_to_error::Error<serde_json::Error>>());
    match found {
        Some(error) if error.path().iter().next().is_some() => format!("{}: {}", error.path(), error.inner()),
        Some(error) => format!("the body: {}", error.inner()),
        None => "the body is not the JSON that is expected here".to_owned(),
    }
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
