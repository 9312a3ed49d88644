//! The layout of log lines, and what must never be in one.

use std::error::Error;
use std::fmt;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use service_kit::{CorrelationId, Mode, logging};

use crate::support::{Logs, ask, post_json, service};

const ID: &str = "6f1c2a34-90ab-4cde-8f01-23456789abcd";

fn correlation_id() -> CorrelationId {
    CorrelationId::new(ID.parse().unwrap())
}

#[derive(Debug)]
struct Failed(Option<Box<Failed>>, &'static str);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|cause| &**cause as _)
    }
}

#[test]
fn a_line_has_the_keys_of_the_seed_and_its_fields_beside_them() {
    let (logs, _guard) = Logs::capture(None);
    correlation_id().span().in_scope(|| {
        tracing::info!(
            target: "orders",
            order_total = 250_u64, change = -1, share = 0.5, late = true, state = ?Some(1),
            "order_created"
        );
    });
    let mut line = logs.lines().remove(0);
    let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
    assert_eq!(
        line,
        json!({
            "event": "order_created", "logger": "orders", "level": "info", "correlation_id": ID,
            "order_total": 250, "change": -1, "share": 0.5, "late": true, "state": "Some(1)",
        })
    );
    let timestamp = timestamp.as_str().unwrap();
    let (date, time) = timestamp.split_once('T').unwrap();
    assert!(date.len() == 10 && time.ends_with('Z'), "{timestamp}");
}

#[test]
fn inner_spans_and_the_event_win_over_outer_spans_and_the_fixed_keys_over_all() {
    let (logs, _guard) = Logs::capture(None);
    let _outer = tracing::info_span!("outer", attempt = 1, queue = "orders").entered();
    let inner = tracing::info_span!("inner", attempt = 2, message_id = tracing::field::Empty).entered();
    inner.record("message_id", 7);
    tracing::warn!(attempt = 3, level = "forged", "retried");
    let line = &logs.lines()[0];
    assert_eq!(
        (&line["attempt"], &line["queue"], &line["message_id"]),
        (&json!(3), &json!("orders"), &json!(7))
    );
    assert_eq!(line["level"], "warn");
}

#[test]
fn an_error_is_written_with_its_causes() {
    let (logs, _guard) = Logs::capture(None);
    let error = Failed(Some(Box::new(Failed(None, "connection reset"))), "cannot store the order");
    tracing::error!(error = &error as &dyn Error, "failed");
    assert_eq!(logs.lines()[0]["error"], "cannot store the order: connection reset");
}

#[test]
fn text_cannot_forge_a_line() {
    let (logs, _guard) = Logs::capture(None);
    let text = "x\n{\"event\":\"forged\"}\r\u{1b}[31m\"\\";
    tracing::info!(text, "received");
    let lines = logs.lines();
    assert_eq!((lines.len(), &lines[0]["text"]), (1, &Value::from(text)));
}

#[test]
fn every_filter_keeps_the_correlation_id() {
    for filter in ["warn", "error", "orders=debug", "off,orders=error", "orders=debug,service_kit=off"] {
        let (logs, _guard) = Logs::capture(Some(filter));
        correlation_id().span().in_scope(|| tracing::error!(target: "orders", "failed"));
        assert_eq!(logs.lines()[0]["correlation_id"], ID, "{filter}");
    }
}

/// Not only this crate opens such spans, and not at its level: a consumer's lines are about a message.
#[test]
fn every_filter_keeps_what_any_span_of_the_target_says_in_both_modes() {
    for filter in ["info", "warn", "error", "orders=debug", "off,orders=error"] {
        for mode in [Mode::Production, Mode::Development] {
            let (logs, _guard) = Logs::capture_in(mode, Some(filter));
            let span =
                tracing::info_span!(target: "correlation", "message", message_id = ID, queue = "notes");
            span.in_scope(|| tracing::error!(target: "orders", "failed"));
            assert!(logs.text().contains(ID) && logs.text().contains("notes"), "{filter}: {}", logs.text());
        }
    }
    assert_eq!(service_kit::logging::SPAN_TARGET, "correlation");
}

#[test]
fn the_default_is_info_and_dependencies_are_quieter() {
    for filter in [None, Some(""), Some("  ")] {
        let (logs, _guard) = Logs::capture(filter);
        tracing::debug!(target: "orders", "too much detail");
        tracing::info!(target: "orders", "kept");
        tracing::info!(target: "aws_smithy_runtime::client", "noise");
        tracing::warn!(target: "aws_smithy_runtime::client", "kept too");
        let events: Vec<_> = logs.lines().iter().map(|line| line["event"].clone()).collect();
        assert_eq!(events, ["kept", "kept too"], "{filter:?}");
    }
}

#[test]
fn a_malformed_filter_leaves_info_on() {
    let (logs, _guard) = Logs::capture(Some("orders=loud"));
    tracing::info!("kept");
    assert_eq!(logs.lines().len(), 1);
}

#[test]
fn development_is_for_reading() {
    let logs = Logs::default();
    let writer = logs.clone();
    let subscriber = logging::subscriber(Mode::Development, None, move || writer.clone());
    tracing::subscriber::with_default(subscriber, || {
        correlation_id().span().in_scope(|| tracing::info!("order_created"))
    });
    let text = logs.text();
    assert!(text.contains("order_created") && text.contains(ID), "{text}");
    assert!(serde_json::from_str::<Value>(text.lines().next().unwrap()).is_err());
}

#[tokio::test]
async fn a_request_is_logged_by_route_with_its_correlation_id() {
    let (logs, _guard) = Logs::capture(None);
    let request =
        Request::get("/order/canary?canary=1").header("x-correlation-id", ID).body(Body::empty()).unwrap();
    ask(service(), request).await;
    let line = &logs.lines()[0];
    assert_eq!(line["event"], "http_request");
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&json!("GET"), &json!("/order/{id}"), &json!(400))
    );
    assert_eq!(line["correlation_id"], ID);
    assert!(line["duration_ms"].is_f64());
}

/// Nothing that a caller sends may reach the logs as text: it may be personal, secret, or forged.
#[tokio::test]
async fn no_part_of_a_request_is_logged() {
    let (logs, _guard) = Logs::capture(Some("trace"));
    let odd = |method: &str, path: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("canary", "canary")
            .body(Body::from("canary"))
            .unwrap()
    };
    for request in [
        post_json("/orders", r#"{"customer_id": "canary"}"#),
        post_json("/orders", r#"{"canary": canary"#),
        post_json("/panic", "canary"),
        odd("CANARY", "/orders"),
        odd("GET", "/canary"),
        odd("GET", "/order/canary"),
        odd("POST", "/orders?canary"),
    ] {
        ask(service(), request).await;
    }
    let requests = logs.lines().iter().filter(|line| line["event"] == "http_request").count();
    assert_eq!(requests, 7);
    assert!(!logs.text().to_lowercase().contains("canary"), "{}", logs.text());
}
