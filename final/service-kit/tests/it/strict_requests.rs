//! What a request says twice, in another encoding or in another spelling: refused with a reason, or the same
//! by a rule that is written.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::post;
use serde::Deserialize;
use service_kit::{ApiError, IdempotencyKey, JsonBody, UuidText, WholeNumber};
use uuid::Uuid;

use crate::support::{Answer, FRESH_ID, ask, get_request, options, post_json, service};

const SENT_ID: &str = "6f1c2a34-90ab-4cde-8f01-23456789abcd";

#[derive(Deserialize)]
struct Fields {
    amount: WholeNumber,
    id: UuidText,
}

/// A service whose answer is what it read.
fn reader() -> Router {
    let read = async |key: IdempotencyKey, JsonBody(Fields { amount, id }): JsonBody<Fields>| {
        format!("{} {} {}", key.id_for("thing", Uuid::nil), amount.get(), id.0)
    };
    let routes = Router::new().route("/read", post(read));
    service_kit::service_router(routes, options(crate::support::always_ready()))
}

fn fields(amount: &str, id: &str) -> String {
    format!(r#"{{"amount": {amount}, "id": {id}}}"#)
}

fn good() -> String {
    fields("5", &format!("\"{SENT_ID}\""))
}

async fn read(headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let request = Request::post("/read").header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    ask(reader(), request.body(body.into()).unwrap()).await
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn several_idempotency_keys_are_refused_also_if_they_are_the_same() {
    for second in ["key-1", "key-2"] {
        let answer = read(&[("idempotency-key", "key-1"), ("idempotency-key", second)], good()).await;
        assert_eq!(code(&answer), (400, "INVALID_IDEMPOTENCY_KEY_ERROR".to_owned()));
        assert!(answer.body.contains("several"), "{}", answer.body);
    }
}

#[tokio::test]
async fn several_correlation_ids_are_refused_and_the_answer_has_a_fresh_one() {
    let request = || Request::get("/correlation").header("x-correlation-id", SENT_ID);
    for second in [SENT_ID, "00000000-0000-4000-8000-000000000002", "none"] {
        let answer =
            ask(service(), request().header("x-correlation-id", second).body(Body::empty()).unwrap()).await;
        assert_eq!(code(&answer), (400, "SEVERAL_CORRELATION_IDS_ERROR".to_owned()));
        assert_eq!(answer.correlation_id(), FRESH_ID);
    }
}

#[tokio::test]
async fn a_key_in_quotation_marks_is_the_key_between_them() {
    for (quoted, plain) in [(r#""key-1""#, "key-1"), (r#""a\"b\\c""#, r#"a"b\c"#)] {
        let (one, two) = (
            read(&[("idempotency-key", quoted)], good()).await,
            read(&[("idempotency-key", plain)], good()).await,
        );
        assert_eq!((one.status.as_u16(), &one.body), (200, &two.body));
    }
    let long = format!("\"{}\"", "x".repeat(256));
    for bad in [r#"""#, r#""""#, r#""key"#, r#""a"b""#, r#""a\b""#, r#""a b""#, r#""key";q=1"#, &long] {
        let answer = read(&[("idempotency-key", bad)], good()).await;
        assert_eq!(code(&answer), (400, "INVALID_IDEMPOTENCY_KEY_ERROR".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn a_body_in_an_encoding_or_a_charset_that_is_not_read_is_unsupported() {
    let unsupported = (415, "UNSUPPORTED_MEDIA_TYPE_ERROR".to_owned());
    for coding in ["gzip", "br", "deflate", "identity, gzip", "GZIP", ""] {
        assert_eq!(code(&read(&[("content-encoding", coding)], good()).await), unsupported, "{coding}");
    }
    for coding in ["identity", "Identity"] {
        assert_eq!(read(&[("content-encoding", coding)], good()).await.status, 200, "{coding}");
    }
    assert_eq!(code(&read(&[("content-type", "application/json")], good()).await), unsupported, "two types");
    let typed = async |content_type: &str| {
        ask(
            reader(),
            Request::post("/read").header("content-type", content_type).body(good().into()).unwrap(),
        )
        .await
    };
    for charset in ["utf-16", "iso-8859-1", "\"utf-16\"", "utf-8; charset=utf-16"] {
        let content_type = format!("application/json; charset={charset}");
        assert_eq!(code(&typed(&content_type).await), unsupported, "{content_type}");
    }
    for charset in ["utf-8", "UTF-8", "\"utf-8\""] {
        assert_eq!(typed(&format!("application/json; charset={charset}")).await.status, 200, "{charset}");
    }
}

#[tokio::test]
async fn a_syntax_error_names_its_line_and_column() {
    let cases = [
        ("{\"amount\": 5,\n oops}", "the body is no JSON: key must be a string (line 2, column 2)"),
        ("{\"amount\": 5", "the body ends too early, at line 1, column 12"),
        ("{} {}", "the body: missing field `amount` (line 1, column 2)"),
        ("", "the body ends too early, at line 1, column 0"),
    ];
    for (body, expected) in cases {
        assert_eq!(read(&[], body).await.json()["message"], expected);
    }
    let answer = read(&[], format!("{} {{}}", good())).await;
    assert_eq!(answer.json()["message"], "the body is no JSON: trailing characters (line 1, column 61)");
    let unread = good().replace("5,", "5, \"unread\": \"\u{1}\",").into_bytes();
    let unread = unread.iter().map(|byte| if *byte == 1 { 0xFF } else { *byte }).collect::<Vec<u8>>();
    let answer = read(&[], unread).await;
    assert_eq!(code(&answer), (400, "MALFORMED_JSON_ERROR".to_owned()), "also in a field that nobody reads");
    assert!(answer.body.contains("no UTF-8 from byte 26 on"), "{}", answer.body);
}

#[tokio::test]
async fn an_error_speaks_of_the_contract_and_repeats_no_text_of_the_caller() {
    let number = "expected a whole number from 0 to 9007199254740991, found";
    let cases = [
        (fields("\"canary\"", "1"), format!("amount: {number} a string")),
        (fields("-1", "1"), format!("amount: {number} -1")),
        (fields("9007199254740992", "1"), format!("amount: {number} 9007199254740992")),
        (fields("9007199254740990.7", "1"), format!("amount: {number} 9007199254740990.7")),
        (fields("1e3", "1"), format!("amount: {number} 1e3")),
        (fields("1e400", "1"), format!("amount: {number} 1e400")),
        (fields(&"9".repeat(60), "1"), format!("amount: {number} another number")),
        (fields("[1]", "1"), format!("amount: {number} an array")),
        (fields("null", "1"), format!("amount: {number} null")),
        (fields("5", "\"canary\""), "id: expected a hyphenated UUID such as 0198c9a6".to_owned()),
        (fields("5", "7"), "id: expected a hyphenated UUID such as 0198c9a6".to_owned()),
    ];
    for (body, expected) in cases {
        let answer = read(&[], body).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(code(&answer), (400, "VALIDATION_ERROR".to_owned()), "{message}");
        assert!(message.starts_with(&expected) && message.contains(" (line 1, column "), "{message}");
        assert!(!message.contains("canary") && !message.contains("u64"), "{message}");
    }
    for whole in ["0", "5.0", "9007199254740991", "9007199254740991.00"] {
        assert_eq!(read(&[], fields(whole, &format!("\"{SENT_ID}\""))).await.status, 200, "{whole}");
    }
}

#[tokio::test]
async fn head_is_answered_as_get_and_every_refused_method_is_told_the_allowed_ones() {
    let asked = async |method: Method, path: &str| {
        ask(service(), Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    };
    let (head, get) =
        (asked(Method::HEAD, "/orders/health").await, ask(service(), get_request("/orders/health")).await);
    assert_eq!((head.status, head.body.as_str()), (get.status, ""));
    for method in [Method::OPTIONS, Method::HEAD, Method::PUT, Method::TRACE] {
        let answer = asked(method.clone(), "/orders").await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers["allow"].to_str().unwrap()),
            (405, "POST"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn what_is_unavailable_says_when_to_come_again() {
    let busy = async || Err::<(), _>(ApiError::unavailable(&std::io::Error::other("busy")));
    let answer = ask(Router::new().route("/", post(busy)), post_json("/", "")).await;
    assert_eq!((answer.status.as_u16(), answer.headers["retry-after"].to_str().unwrap()), (503, "1"));
}
