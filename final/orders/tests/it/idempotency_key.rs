//! `Idempotency-Key`: an order is placed once, however often its request is sent.

use axum::http::StatusCode;
use orders::{messages::CREDIT_RESERVED, store::ERASED_AT};
use serde_json::{Value, json};
use unit_of_work::{AttributeValue, Delete, Put, Table, UnitOfWork};
use uuid::Uuid;

use crate::{
    desk::{ADA, Desk, OUTBOX, context, delivery},
    watched::Failure,
};

fn order() -> Value {
    json!({"customer_id": ADA, "order_total": 100})
}

impl Desk {
    async fn place(&self, body: &Value, key: Option<&str>) -> (StatusCode, Value) {
        self.post("/orders", body, key).await
    }
}

#[tokio::test]
async fn a_request_with_a_key_may_be_sent_again_in_every_state_of_its_order() {
    let desk = Desk::new();
    let first = desk.place(&order(), Some("key-1")).await;
    assert_eq!(first.0, StatusCode::OK);
    let id: Uuid = first.1["id"].as_str().unwrap().parse().unwrap();
    let before = desk.database.dump();
    assert_eq!(desk.place(&order(), Some("key-1")).await, first);
    assert_eq!((desk.database.dump(), desk.published().len()), (before, 1));
    assert_eq!(desk.database.reads(), 0, "the order that is there came with the refusal");

    desk.orders.clone().approve(delivery(CREDIT_RESERVED, 1, id)).await.unwrap();
    assert_eq!(desk.place(&order(), Some("key-1")).await, first);
    desk.orders.cancel(&context(), id).await.unwrap();
    assert_eq!(desk.place(&order(), Some("key-1")).await, first);
    assert_eq!(desk.published().len(), 3);
}

#[tokio::test]
async fn a_key_that_was_used_for_another_order_is_refused() {
    let desk = Desk::new();
    desk.place(&order(), Some("key-1")).await;
    let before = desk.database.dump();
    let other_customer = json!({"customer_id": Uuid::from_u128(0xB0B), "order_total": 100});
    for other in [other_customer, json!({"customer_id": ADA, "order_total": 101})] {
        let (status, body) = desk.place(&other, Some("key-1")).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REUSED_ERROR"))
        );
    }
    assert_eq!(desk.database.dump(), before);
}

#[tokio::test]
async fn other_keys_and_no_key_place_other_orders() {
    let desk = Desk::new();
    let mut ids = Vec::new();
    for key in [Some("key-1"), Some("key-2"), None, None] {
        ids.push(desk.place(&order(), key).await.1["id"].as_str().unwrap().to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn the_same_request_twice_at_once_places_one_order() {
    let desk = Desk::new();
    let body = order();
    let (one, two) = tokio::join!(desk.place(&body, Some("key-1")), desk.place(&body, Some("key-1")));
    assert_eq!((one.0, &one), (StatusCode::OK, &two));
    assert_eq!(desk.published(), ["OrderCreated"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_does_not_get_through_is_503_and_safe_to_repeat() {
    for failure in [Failure::Conflict, Failure::AnswerLost] {
        let desk = Desk::new();
        desk.database.fail(Some(failure));
        let (status, body) = desk.place(&order(), Some("key-1")).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("TEMPORARILY_UNAVAILABLE_ERROR"))
        );
        desk.database.fail(None);
        assert_eq!(desk.place(&order(), Some("key-1")).await.0, StatusCode::OK);
        assert_eq!(desk.published(), ["OrderCreated"], "{failure:?}: once");
    }
}

#[tokio::test]
async fn a_malformed_key_is_refused_and_writes_nothing() {
    let desk = Desk::new();
    for key in ["", "with space", &"x".repeat(256)] {
        let (status, body) = desk.place(&order(), Some(key)).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_IDEMPOTENCY_KEY_ERROR"))
        );
    }
    assert!(desk.database.commits().is_empty());
}

#[tokio::test]
async fn a_repeated_request_whose_order_was_erased_is_told_so() {
    let desk = Desk::new();
    let id = desk.place(&order(), Some("key-1")).await.1["id"].as_str().unwrap().to_owned();
    let (table, outbox) = (Table::new("orders", "PK"), Table::new(OUTBOX, "PK").with_sort_key("SK"));
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xE0));
    let mut erased = table.key(format!("ORDER#{id}"), None);
    erased.insert(ERASED_AT.to_owned(), AttributeValue::S("2026-11-23T12:00:00+00:00".to_owned()));
    work.add(Put::item(&table, erased).unwrap());
    // Its messages were sent long ago, and their rows are gone.
    for row in desk.database.memory.items(&outbox) {
        let [partition, sequence] = ["PK", "SK"].map(|name| row[name].as_s().unwrap().as_str());
        work.add(Delete::new(&outbox, outbox.key(partition, Some(sequence))));
    }
    work.commit(&desk.database.memory).await.unwrap();
    let (status, body) = desk.place(&order(), Some("key-1")).await;
    assert_eq!((status, &body["error"]), (StatusCode::GONE, &json!("ERASED_ERROR")));
}
