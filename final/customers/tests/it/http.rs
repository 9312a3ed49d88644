//! The HTTP interface: answers of the contract, and requests that are safe to repeat.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use customers::{domain::MAX_AMOUNT, http, store::ERASED_AT};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use service_kit::{Readiness, RequestLimits, ServiceOptions, service_router};
use tower::ServiceExt as _;
use unit_of_work::{AttributeValue, Delete, Put, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::{
    desk::{ADA, Desk, OUTBOX},
    watched::Failure,
};

const CORRELATION_ID: &str = "00000000-0000-4000-8000-0000000000c1";

impl Desk {
    fn router(&self) -> Router {
        let options = ServiceOptions {
            service: "customers",
            new_id: Arc::new(|| CORRELATION_ID.parse().unwrap()),
            readiness: Readiness::within(Duration::from_secs(1)),
            limits: RequestLimits::default(),
        };
        service_router(http::routes(self.customers.clone()), options)
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.router().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        assert!(parts.headers.contains_key("x-correlation-id"));
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, body: &Value, key: Option<&str>) -> (StatusCode, Value) {
        let request = Request::post("/customers").header("content-type", "application/json");
        let request = key.iter().fold(request, |request, key| request.header("idempotency-key", *key));
        self.ask(request.body(body.to_string().into()).unwrap()).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

fn ada() -> Value {
    json!({"name": "Ada", "credit_limit": 24_999})
}

#[tokio::test]
async fn a_created_customer_can_be_read() {
    let desk = Desk::new();
    let (status, created) = desk.post(&ada(), None).await;
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        (status, &created),
        (StatusCode::OK, &json!({"id": id, "_links": {"self": {"href": format!("/customer/{id}")}}}))
    );
    for path in [format!("/customer/{id}"), format!("/customer/{id}/")] {
        let (status, customer) = desk.get(&path).await;
        let expected = json!({
            "id": id, "name": "Ada", "credit_limit": 24_999, "available_credit": 24_999, "version": 0,
            "created_at": "2026-11-23T12:00:00+00:00", "updated_at": null,
            "_links": {"self": {"href": format!("/customer/{id}")}},
        });
        assert_eq!((status, customer), (StatusCode::OK, expected));
    }
}

#[tokio::test]
async fn the_event_carries_the_correlation_id_of_the_request() {
    let desk = Desk::new();
    let request = Request::post("/customers").header("content-type", "application/json");
    let request = request.header("x-correlation-id", "6b1b2f6e-3c0f-4c43-8a53-0f1a2b3c4d5e");
    desk.ask(request.body(ada().to_string().into()).unwrap()).await;
    let (_, data) = desk.database.messages(OUTBOX).remove(0);
    assert_eq!(
        serde_json::from_str::<Value>(&data).unwrap()["correlation_id"],
        "6b1b2f6e-3c0f-4c43-8a53-0f1a2b3c4d5e"
    );
}

#[tokio::test]
async fn an_unknown_customer_is_not_found_with_its_link() {
    let (status, body) = Desk::new().get(&format!("/customer/{ADA}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["error"], "CUSTOMER_NOT_FOUND_ERROR");
    assert_eq!(body["_links"]["self"]["href"], format!("/customer/{ADA}"));
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_the_field_s_name_and_writes_nothing() {
    let desk = Desk::new();
    let limits = [json!(-1), json!(1.5), json!("1"), json!(null), json!(MAX_AMOUNT + 1), json!(1e30)];
    let names = [json!(""), json!("  "), json!("a\nb"), json!(null), json!(7), json!("x".repeat(201))];
    let bodies =
        limits.into_iter().map(|limit| ("credit_limit", json!({"name": "Ada", "credit_limit": limit})));
    let bodies =
        bodies.chain(names.into_iter().map(|name| ("name", json!({"name": name, "credit_limit": 1}))));
    for (field, body) in bodies {
        let (status, answer) = desk.post(&body, None).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")),
            "{body}"
        );
        assert!(answer["message"].as_str().unwrap().starts_with(field), "{answer}");
    }
    assert!(desk.database.commits().is_empty());
    let largest = json!({"name": "é".repeat(200), "credit_limit": MAX_AMOUNT});
    assert_eq!(desk.post(&largest, None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_request_with_a_key_may_be_sent_again() {
    let desk = Desk::new();
    let first = desk.post(&ada(), Some("key-1")).await;
    assert_eq!(first.0, StatusCode::OK);
    let id: Uuid = first.1["id"].as_str().unwrap().parse().unwrap();
    let before = desk.database.dump();
    assert_eq!(desk.post(&ada(), Some("key-1")).await, first);
    assert_eq!((desk.database.dump(), desk.database.message_types(OUTBOX).len()), (before, 1));

    let order = crate::desk::order_created_by(id, 1, 7, 100);
    desk.customers.clone().reserve_credit(order).await.unwrap();
    assert_eq!(desk.post(&ada(), Some("key-1")).await, first, "also when the customer has changed since");
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused() {
    let desk = Desk::new();
    desk.post(&ada(), Some("key-1")).await;
    let before = desk.database.dump();
    for other in [json!({"name": "Bob", "credit_limit": 24_999}), json!({"name": "Ada", "credit_limit": 1})] {
        let (status, body) = desk.post(&other, Some("key-1")).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REUSED_ERROR"))
        );
    }
    assert_eq!(desk.database.dump(), before);
}

#[tokio::test]
async fn other_keys_and_no_key_make_other_customers() {
    let desk = Desk::new();
    let mut ids = Vec::new();
    for key in [Some("key-1"), Some("key-2"), Some("KEY-1"), None, None] {
        ids.push(desk.post(&ada(), key).await.1["id"].as_str().unwrap().to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn a_malformed_key_is_refused_and_writes_nothing() {
    let desk = Desk::new();
    for key in ["", "with space", "ü", &"x".repeat(256)] {
        let (status, body) = desk.post(&ada(), Some(key)).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_IDEMPOTENCY_KEY_ERROR")),
            "{key}"
        );
    }
    assert!(desk.database.commits().is_empty());
    assert_eq!(desk.post(&ada(), Some(&"x".repeat(255))).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_does_not_get_through_is_503_and_safe_to_repeat_with_a_key() {
    for failure in [Failure::Conflict, Failure::AnswerLost] {
        let desk = Desk::new();
        desk.database.fail(Some(failure));
        let (status, body) = desk.post(&ada(), Some("key-1")).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("TEMPORARILY_UNAVAILABLE_ERROR"))
        );
        desk.database.fail(None);
        assert_eq!(desk.post(&ada(), Some("key-1")).await.0, StatusCode::OK);
        assert_eq!(desk.database.message_types(OUTBOX), ["CustomerCreated"], "{failure:?}: once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_no_retry_cures_is_500_and_says_nothing_of_its_cause() {
    let desk = Desk::new();
    desk.database.fail(Some(Failure::Refused));
    let (status, body) = desk.post(&ada(), None).await;
    assert_eq!((status, &body["error"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("SYSTEM_ERROR")));
    assert!(!body.to_string().contains("not allowed"));
}

#[tokio::test]
async fn a_read_that_fails_says_whether_a_retry_helps() {
    for (retryable, expected) in
        [(true, StatusCode::SERVICE_UNAVAILABLE), (false, StatusCode::INTERNAL_SERVER_ERROR)]
    {
        let desk = Desk::with_limit(100).await;
        desk.database.fail_reads(retryable);
        assert_eq!(desk.get(&format!("/customer/{ADA}")).await.0, expected);
    }
}

/// Erases the customer as an operator would who has to. Its messages were sent long ago, and their rows are
/// gone.
async fn erase(desk: &Desk, id: Uuid) {
    let (table, outbox) = (Table::new("customers", "PK"), Table::new(OUTBOX, "PK").with_sort_key("SK"));
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xE0));
    let mut erased = table.key(format!("CUSTOMER#{id}"), None);
    erased.insert(ERASED_AT.to_owned(), AttributeValue::S("2026-11-23T12:00:00+00:00".to_owned()));
    work.add(Put::item(&table, erased).unwrap());
    for row in desk.database.memory.items(&outbox) {
        let [partition, sequence] = ["PK", "SK"].map(|name| row[name].as_s().unwrap().as_str());
        work.add(Delete::new(&outbox, outbox.key(partition, Some(sequence))));
    }
    work.commit(&desk.database.memory).await.unwrap();
}

#[tokio::test]
async fn an_erased_customer_is_nobody_and_orders_of_it_are_refused() {
    let desk = Desk::with_limit(100).await;
    erase(&desk, ADA).await;
    assert_eq!(desk.get(&format!("/customer/{ADA}")).await.0, StatusCode::NOT_FOUND);
    desk.order(1, 7, 10).await.unwrap();
    assert_eq!(desk.published(), ["CustomerValidationFailed"]);
}

#[tokio::test]
async fn a_repeated_request_whose_customer_was_erased_is_told_so() {
    let desk = Desk::new();
    let first = desk.post(&ada(), Some("key-1")).await;
    erase(&desk, first.1["id"].as_str().unwrap().parse().unwrap()).await;
    let before = desk.database.dump();
    let (status, body) = desk.post(&ada(), Some("key-1")).await;
    assert_eq!((status, &body["error"]), (StatusCode::GONE, &json!("ERASED_ERROR")));
    assert_eq!(desk.database.dump(), before);
}

/// Without a key no request is the same as another. Its id is fresh, so that something else has it is
/// nobody's fault but ours.
#[tokio::test]
async fn without_a_key_nobody_is_told_of_a_key() {
    let desk = Desk::new();
    // The first id that a service makes, here and in `again`.
    let id = Uuid::from_u128(1);
    desk.create(id, "Ada", 5).await.unwrap();
    for (erased, expected) in [(false, StatusCode::INTERNAL_SERVER_ERROR), (true, StatusCode::GONE)] {
        let desk = desk.again();
        if erased {
            erase(&desk, id).await;
        }
        let (status, body) = desk.post(&json!({"name": "Bob", "credit_limit": 1}), None).await;
        assert_eq!(status, expected, "{body}");
        assert!(!body["message"].as_str().unwrap().contains("was used"), "{body}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_can_see_is_refused_and_writes_nothing() {
    let desk = Desk::new();
    for name in ["\u{200B}", "\u{3164}", "Ada\u{202E}", "A\u{2028}da", "Ada\u{FFFE}", " Ada", "Ada "] {
        let (status, body) = desk.post(&json!({"name": name, "credit_limit": 1}), None).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")),
            "{name:?}"
        );
        assert!(body["message"].as_str().unwrap().starts_with("name: a name has"), "{body}");
    }
    assert!(desk.database.commits().is_empty());
}

/// The rule for names became stricter, and may again.
#[tokio::test]
async fn a_customer_whose_name_followed_an_older_rule_can_still_be_read_and_changed() {
    let desk = Desk::with_limit(100).await;
    let table = Table::new("customers", "PK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xE0));
    let row = Update::new(&table, table.key(format!("CUSTOMER#{ADA}"), None));
    work.add(row.set("Name", AttributeValue::S(" Ada\u{200B}".to_owned())));
    work.commit(&desk.database.memory).await.unwrap();
    desk.order(1, 7, 60).await.unwrap();
    let (status, body) = desk.get(&format!("/customer/{ADA}")).await;
    assert_eq!(
        (status, &body["name"], &body["available_credit"]),
        (StatusCode::OK, &json!(" Ada\u{200B}"), &json!(40))
    );
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing_on_any_path() {
    let desk = Desk::new();
    for path in ["/customers", "/customers/"] {
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.header("idempotency-key", "key-1").body(ada().to_string().into()).unwrap();
        assert_eq!(desk.ask(request).await.0, StatusCode::OK, "{path}");
    }
    assert_eq!(desk.database.commits().len(), 1);
    assert_eq!(desk.database.reads(), 0, "the customer that is there came with the refusal");
    for path in ["/customers/health", "/customers/ready"] {
        assert_eq!(desk.get(path).await, desk.get(&format!("{path}/")).await);
    }
}

#[tokio::test]
async fn a_customer_may_say_where_mails_go_and_the_event_tells() {
    let desk = Desk::new();
    let with = |email: Value| json!({"name": "Ada", "credit_limit": 5, "email": email});
    let (status, created) = desk.post(&with(json!("ada@example.com")), Some("with")).await;
    assert_eq!(status, StatusCode::OK);
    let (_, customer) = desk.get(&format!("/customer/{}", created["id"].as_str().unwrap())).await;
    assert_eq!(customer["email"], "ada@example.com");
    let messages = desk.database.messages(OUTBOX);
    assert!(messages[0].1.ends_with(r#""credit_limit":5,"email":"ada@example.com"}"#), "{messages:?}");

    // Null says the same as nothing.
    let (_, created) = desk.post(&with(Value::Null), Some("without")).await;
    let (_, customer) = desk.get(&format!("/customer/{}", created["id"].as_str().unwrap())).await;
    assert_eq!(customer.get("email"), None);
    assert_eq!(desk.post(&json!({"name": "Ada", "credit_limit": 5}), Some("without")).await.1, created);
    // The address is part of the request that a key stands for.
    assert_eq!(
        desk.post(&with(json!("bob@example.com")), Some("with")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn what_is_no_address_creates_no_customer() {
    let desk = Desk::new();
    for email in [
        json!("ada"),
        json!(""),
        json!(7),
        json!(["ada@example.com"]),
        json!("ada@example.com\r\nBcc: x@example.com"),
    ] {
        let body = json!({"name": "Ada", "credit_limit": 5, "email": email});
        let (status, answer) = desk.post(&body, None).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")),
            "{body}"
        );
        assert!(!answer["message"].as_str().unwrap().contains("ada@"), "{answer}");
    }
    assert!(desk.database.commits().is_empty());
}
