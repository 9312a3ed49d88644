//! Whatever bytes arrive, the answer is never our failure: no 500, no panic, always a correlation id and an
//! explanation.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Uri};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{ask, service};

const GOOD_BODY: &str = r#"{
    "customer_id": "6f1c2a34-90ab-4cde-8f01-23456789abcd", "order_total": 250, "lines": [{"quantity": 2}]
}"#;

fn methods() -> impl Strategy<Value = Method> {
    prop_oneof![
        4 => Just(Method::POST),
        3 => Just(Method::GET),
        1 => "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}".prop_map(|name| Method::from_bytes(name.as_bytes()).unwrap()),
    ]
}

fn targets() -> impl Strategy<Value = Uri> {
    let path = prop_oneof![
        4 => Just("/orders".to_owned()),
        2 => vec(any::<u8>(), 0..40).prop_map(|bytes| {
            bytes.iter().fold("/order/".to_owned(), |path, byte| format!("{path}%{byte:02X}"))
        }),
        2 => "/(order|orders|orders/health|correlation)/?[!-~]{0,60}",
        1 => "[!-~]{1,60}",
    ];
    path.prop_filter_map("not a request target", |text| text.parse::<Uri>().ok())
}

fn header_values() -> impl Strategy<Value = HeaderValue> {
    vec(any::<u8>(), 0..80)
        .prop_filter_map("not a header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn content_types() -> impl Strategy<Value = Option<HeaderValue>> {
    prop_oneof![
        6 => Just(Some(HeaderValue::from_static("application/json"))),
        1 => Just(None),
        2 => header_values().prop_map(Some),
    ]
}

/// Noise, and the good body with some of its bytes changed or its end cut off, which gets much further.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let damage =
        vec((0..GOOD_BODY.len(), prop_oneof![any::<u8>(), Just(b'"'), Just(b'{'), Just(b'9')]), 0..4);
    let damaged = (damage, 0..=GOOD_BODY.len()).prop_map(|(changes, end)| {
        let mut body = GOOD_BODY.as_bytes().to_vec();
        for (place, byte) in changes {
            body[place] = byte;
        }
        body.truncate(end);
        body
    });
    prop_oneof![4 => damaged, 1 => Just(GOOD_BODY.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_input_makes_the_service_fail(
        method in methods(),
        target in targets(),
        content_type in content_types(),
        correlation_id in proptest::option::of(header_values()),
        body in bodies(),
    ) {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = target;
        let headers = [("content-type", content_type), ("x-correlation-id", correlation_id)];
        for (name, value) in headers {
            value.into_iter().for_each(|value| { request.headers_mut().insert(name, value); });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(ask(service(), request));

        prop_assert!(!answer.status.is_server_error(), "{}", answer.body);
        prop_assert!(answer.correlation_id().parse::<Uuid>().is_ok());
        if answer.status.is_client_error() && method != Method::HEAD {
            let body = answer.json();
            prop_assert!(body["error"].as_str().is_some_and(|code| code.ends_with("_ERROR")), "{}", body);
            prop_assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", body);
        }
    }
}
