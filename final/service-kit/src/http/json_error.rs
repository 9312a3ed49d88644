//! What is wrong with a JSON body, in the words of the contract: which field, what is expected there, and
//! where it stands.

use axum::http::StatusCode;
use serde_json::error::Category;

use super::ApiError;

/// What serde names after its own types, and what a caller calls it.
const NUMBERS: [(&str, u64); 4] =
    [("u8", u8::MAX as u64), ("u16", u16::MAX as u64), ("u32", u32::MAX as u64), ("u64", u64::MAX)];

/// A text that is no JSON. `reason` says why and where.
pub(super) fn malformed(reason: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "MALFORMED_JSON_ERROR", reason)
}

/// The bytes of a body as text. JSON is UTF-8, also in the fields that nobody reads.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(bytes)
        .map_err(|error| malformed(format!("the body is no UTF-8 from byte {} on", error.valid_up_to() + 1)))
}

/// An error at a place in the document.
pub(super) fn in_field(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let inner = error.inner();
    let reason = reason(inner);
    // Such a number is JSON. Only the field that should hold it cannot.
    let too_large = reason == "number out of range";
    if inner.classify() != Category::Data && !too_large {
        return syntax(inner);
    }
    let known = error.path().iter().next().is_some() && !too_large;
    let field = if known { error.path().to_string() } else { "the body".to_owned() };
    let message = format!("{field}: {} (line {}, column {})", words(&reason), inner.line(), inner.column());
    ApiError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
}

/// An error of the grammar. serde cannot tell in which field it stands, so the message names the line and the
/// column.
pub(super) fn syntax(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    malformed(match error.classify() {
        Category::Eof => format!("the body ends too early, at line {line}, column {column}"),
        _ => format!("the body is no JSON: {} (line {line}, column {column})", reason(error)),
    })
}

/// The text of an error without its place, which serde writes behind it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// serde's text without the names of Rust's types, and without a text of the caller, which may be long or
/// personal.
fn words(reason: &str) -> String {
    let found_expected = reason
        .strip_prefix("invalid type: ")
        .or_else(|| reason.strip_prefix("invalid value: "))
        .and_then(|pair| pair.rsplit_once(", expected "));
    match found_expected {
        Some((found, expected)) => format!("expected {}, found {}", expectation(expected), kind(found)),
        None => reason.to_owned(),
    }
}

fn expectation(expected: &str) -> String {
    match NUMBERS.iter().find(|(name, _)| *name == expected) {
        Some((_, max)) => format!("a whole number from 0 to {max}"),
        None => expected.to_owned(),
    }
}

fn kind(found: &str) -> String {
    let (kind, value) = found.split_once(" `").unwrap_or((found, ""));
    match kind {
        "map" => "an object".to_owned(),
        "sequence" => "an array".to_owned(),
        "integer" | "floating point" | "boolean" => value.trim_end_matches('`').to_owned(),
        _ if found.starts_with("string") => "a string".to_owned(),
        _ => found.to_owned(),
    }
}
