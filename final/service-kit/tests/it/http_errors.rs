//! What the caller of a service hears when a request cannot be served.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use serde_json::json;
use service_kit::{JsonBody, MAX_BODY_BYTES};

use crate::support::{Logs, ask, get_request, post_json, service};

const CUSTOMER: &str = "6f1c2a34-90ab-4cde-8f01-23456789abcd";

/// Asks, and gives back what the answer says, the correlation header aside.
async fn error(request: Request<Body>) -> (u16, String, String) {
    let answer = ask(service(), request).await;
    let body = answer.json();
    let text = |key: &str| body[key].as_str().unwrap_or_else(|| panic!("{key} in {body}")).to_owned();
    assert!(body.get("_links").is_none(), "no links, so the key is left out: {body}");
    (answer.status.as_u16(), text("error"), text("message"))
}

#[tokio::test]
async fn a_good_body_gets_through_and_unknown_fields_are_ignored() {
    let body =
        json!({ "customer_id": CUSTOMER, "order_total": 250, "lines": [{ "quantity": 2 }], "colour": "red" });
    for content_type in ["application/json", "application/json; charset=utf-8", "application/vnd.order+json"]
    {
        let request =
            Request::post("/orders").header("content-type", content_type).body(Body::from(body.to_string()));
        let answer = ask(service(), request.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.body), (200, format!("{CUSTOMER} 250 2")));
    }
}

#[tokio::test]
async fn a_missing_or_wrong_field_is_named_with_what_is_expected() {
    let cases = [
        ("{}".to_owned(), "the body: missing field `customer_id`"),
        (format!(r#"{{"customer_id": "{CUSTOMER}"}}"#), "the body: missing field `order_total`"),
        (r#"{"customer_id": "Ann"}"#.to_owned(), "customer_id: UUID parsing failed"),
        (
            format!(r#"{{"customer_id": "{CUSTOMER}", "order_total": -1}}"#),
            "order_total: expected a whole number from 0 to 18446744073709551615, found -1 (line 1, column ",
        ),
        (
            format!(r#"{{"customer_id": "{CUSTOMER}", "order_total": 2.5}}"#),
            "order_total: expected a whole number from 0 to 18446744073709551615, found 2.5 (line 1, column ",
        ),
        (
            "{\"lines\": [{\"quantity\": 1},\n {\"quantity\": \"x\"}]}".to_owned(),
            "lines[1].quantity: expected a whole number from 0 to 4294967295, found a string (line 2, column 17)",
        ),
        ("null".to_owned(), "the body: expected a JSON object, found null (line 1, column 4)"),
        (
            format!(r#"["{CUSTOMER}", 250, []]"#),
            "the body: expected a JSON object, found an array (line 1, column ",
        ),
    ];
    for (body, expected) in cases {
        let (status, code, message) = error(post_json("/orders", body)).await;
        assert_eq!((status, code.as_str()), (400, "VALIDATION_ERROR"), "{message}");
        assert!(message.starts_with(expected), "{message:?} should begin with {expected:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed() {
    let good = format!(r#"{{"customer_id": "{CUSTOMER}", "order_total": 1}}"#);
    let deep = format!("{{\"colour\": {}", "[".repeat(5_000));
    for body in ["", "{", "Ann", "{'a': 1}", &format!("{good} {good}"), "{\"customer_id\": \"\u{1}\"}", &deep]
    {
        let (status, code, _) = error(post_json("/orders", body.to_owned())).await;
        assert_eq!((status, code.as_str()), (400, "MALFORMED_JSON_ERROR"), "{body:.40}");
    }
    let (status, code, _) = error(post_json("/orders", &b"{\"customer_id\": \"\xff\"}"[..])).await;
    assert_eq!((status, code.as_str()), (400, "MALFORMED_JSON_ERROR"));
}

#[tokio::test]
async fn a_body_of_another_type_or_of_none_is_unsupported() {
    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some(""), Some("json")]
    {
        let request =
            content_type.into_iter().fold(Request::post("/orders"), |r, t| r.header("content-type", t));
        let (status, code, _) = error(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!((status, code.as_str()), (415, "UNSUPPORTED_MEDIA_TYPE_ERROR"), "{content_type:?}");
    }
}

#[tokio::test]
async fn the_limit_on_bodies_is_exact() {
    let good = json!({ "customer_id": CUSTOMER, "order_total": 1 }).to_string();
    let fill = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
    let answer = ask(service(), post_json("/orders", fill(64 * 1024))).await;
    assert_eq!(answer.status, 200);
    let (status, code, message) = error(post_json("/orders", fill(64 * 1024 + 1))).await;
    assert_eq!((status, code.as_str()), (413, "PAYLOAD_TOO_LARGE_ERROR"));
    assert!(message.contains("65536"), "{message}");
}

/// The limit is the extractor's own, so it does not depend on the layers around.
#[tokio::test]
async fn the_limit_on_bodies_needs_no_layer() {
    let bare = Router::new().route("/", post(async |JsonBody(_): JsonBody<serde_json::Value>| ()));
    let body = |size: usize| format!("{}{}", "{}", " ".repeat(size - 2));
    assert_eq!(ask(bare.clone(), post_json("/", body(MAX_BODY_BYTES))).await.status, 200);
    assert_eq!(ask(bare, post_json("/", body(MAX_BODY_BYTES + 1))).await.status, 413);
}

#[tokio::test]
async fn only_a_hyphenated_uuid_is_an_id() {
    for id in [
        "7",
        "6f1c2a3490ab4cde8f0123456789abcd",
        "urn:uuid:6f1c2a34-90ab-4cde-8f01-23456789abcd",
        "%7B6f1c2a34-90ab-4cde-8f01-23456789abcd%7D",
        "6f1c2a34-90ab-4cde-8f01-23456789abcg",
        "%FF%FE",
        "%00",
    ] {
        let (status, code, _) = error(get_request(&format!("/order/{id}"))).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_ID_ERROR"), "{id}");
    }
}

#[tokio::test]
async fn an_error_of_the_service_has_its_links_and_the_id_in_canonical_form() {
    for path in [
        format!("/order/{CUSTOMER}"),
        format!("/order/{CUSTOMER}/"),
        format!("/order/{}", CUSTOMER.to_uppercase()),
    ] {
        let answer = ask(service(), get_request(&path)).await;
        assert_eq!(answer.status, 404);
        let (own, cancel) = (format!("/order/{CUSTOMER}"), format!("/order/{CUSTOMER}/cancel"));
        let links = json!({ "self": { "href": own }, "cancel": { "href": cancel } });
        let message = "there is no such order";
        assert_eq!(
            answer.json(),
            json!({ "error": "ORDER_NOT_FOUND_ERROR", "message": message, "_links": links })
        );
    }
}

#[tokio::test]
async fn an_unknown_route_and_a_wrong_method_are_answered_in_json() {
    for path in ["/", "/nowhere", "/order/", "//orders", "/order/a/b"] {
        let (status, code, _) = error(get_request(path)).await;
        assert_eq!((status, code.as_str()), (404, "ROUTE_NOT_FOUND_ERROR"), "{path}");
    }
    for (path, allow) in [("/orders", "POST"), ("/orders/health", "GET,HEAD")] {
        let request = || Request::delete(path).body(Body::empty()).unwrap();
        let (status, code, _) = error(request()).await;
        assert_eq!((status, code.as_str()), (405, "METHOD_NOT_ALLOWED_ERROR"), "{path}");
        assert_eq!(ask(service(), request()).await.headers["allow"], allow);
    }
}

#[tokio::test]
async fn a_panic_is_a_system_error_that_gives_nothing_away() {
    let (logs, _guard) = Logs::capture(None);
    let (status, code, message) = error(post_json("/panic", "")).await;
    assert_eq!((status, code.as_str()), (500, "SYSTEM_ERROR"));
    assert!(!message.contains("canary") && !logs.text().contains("canary"));
    let line = &logs.lines()[0];
    assert_eq!(
        (line["level"].as_str(), line["event"].as_str()),
        (Some("error"), Some("http_handler_panicked"))
    );
}

#[tokio::test]
async fn an_extractor_on_the_wrong_route_is_our_failure_and_not_the_callers() {
    let (logs, _guard) = Logs::capture(None);
    let (status, code, _) = error(get_request("/no-parameter")).await;
    assert_eq!((status, code.as_str()), (500, "SYSTEM_ERROR"));
    assert_eq!(logs.lines()[0]["event"], "uuid_path_on_wrong_route");
}

#[test]
fn an_error_says_whether_a_retry_can_help() {
    use axum::http::StatusCode;
    for (status, expected) in
        [(400, false), (404, false), (409, true), (413, false), (429, true), (500, true), (503, true)]
    {
        let error = service_kit::ApiError::new(StatusCode::from_u16(status).unwrap(), "X", "x");
        assert_eq!(error.is_retryable(), expected, "{status}");
    }
}
