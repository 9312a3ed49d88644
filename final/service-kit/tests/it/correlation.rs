//! The correlation id: taken from the request if it is one, fresh otherwise, and on every answer.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use axum::routing::get;
use service_kit::CorrelationId;
use uuid::Uuid;

use crate::support::{FRESH_ID, Logs, ask, get_request, post_json, service};

const SENT_ID: &str = "6f1c2a34-90ab-4cde-8f01-23456789abcd";

fn with_header(path: &str, value: HeaderValue) -> Request<Body> {
    Request::get(path).header("x-correlation-id", value).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_callers_id_reaches_the_handler_and_comes_back() {
    let answer = ask(service(), with_header("/correlation", HeaderValue::from_static(SENT_ID))).await;
    assert_eq!((answer.body.as_str(), answer.correlation_id()), (SENT_ID, SENT_ID));
}

#[tokio::test]
async fn a_request_without_an_id_is_given_a_fresh_one() {
    let answer = ask(service(), get_request("/correlation")).await;
    assert_eq!((answer.body.as_str(), answer.correlation_id()), (FRESH_ID, FRESH_ID));
}

#[tokio::test]
async fn a_malformed_or_over_long_id_is_replaced_and_written_nowhere() {
    let (logs, _guard) = Logs::capture(Some("trace"));
    let long = "canary".repeat(10_000);
    for value in
        [&b"canary"[..], b"", b"canary\xff\xfe", long.as_bytes(), b"6f1c2a34-90ab-4cde-8f01-23456789abcg"]
    {
        let answer =
            ask(service(), with_header("/correlation", HeaderValue::from_bytes(value).unwrap())).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, FRESH_ID));
    }
    assert!(!logs.text().contains("canary"));
    assert!(logs.lines().iter().all(|line| line["level"] != "warn" && line["level"] != "error"));
}

#[tokio::test]
async fn errors_carry_the_id_too() {
    let no_content_type = Request::post("/orders").body(Body::from("{}")).unwrap();
    for (status, request) in [
        (400, post_json("/orders", "{")),
        (404, get_request("/nowhere")),
        (405, get_request("/orders")),
        (413, post_json("/orders", vec![b' '; 100_000])),
        (415, no_content_type),
        (500, post_json("/panic", "")),
        (200, get_request("/orders/health")),
    ] {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("x-correlation-id", HeaderValue::from_static(SENT_ID));
        let answer = ask(service(), Request::from_parts(parts, body)).await;
        assert_eq!((answer.status.as_u16(), answer.correlation_id()), (status, SENT_ID));
    }
}

#[tokio::test]
async fn the_extractor_without_the_layer_is_a_failure_of_ours() {
    let (logs, _guard) = Logs::capture(None);
    let bare = Router::new().route("/", get(async |id: CorrelationId| id.to_string()));
    let answer = ask(bare, get_request("/")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (500, Some("SYSTEM_ERROR")));
    assert_eq!(logs.lines()[0]["level"], "error");
}

#[test]
fn the_id_is_a_bare_string_in_json() {
    let id: CorrelationId = serde_json::from_str(&format!("\"{SENT_ID}\"")).unwrap();
    assert_eq!(id.as_uuid(), SENT_ID.parse::<Uuid>().unwrap());
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{SENT_ID}\""));
}
