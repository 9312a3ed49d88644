//! Whoever reads a rejected order learns why it was rejected.

use axum::http::StatusCode;
use orders::domain::State;
use serde_json::{Value, json};
use unit_of_work::{AttributeValue, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::desk::{Desk, ORDER};

async fn reason(desk: &Desk) -> Option<Value> {
    let (status, order) = desk.get(&format!("/order/{ORDER}")).await;
    assert_eq!(status, StatusCode::OK, "{order}");
    order.get("rejection_reason").cloned()
}

#[tokio::test]
async fn a_rejected_order_says_whether_time_credit_or_the_customer_was_missing() {
    assert_eq!(reason(&Desk::with_order(State::TimedOut).await).await, Some(json!("TIMEOUT")));
    assert_eq!(reason(&Desk::with_order(State::Rejected).await).await, Some(json!("CREDIT_LIMIT_EXCEEDED")));
    let desk = Desk::with_order(State::Pending).await;
    desk.reject_invalid(1).await.unwrap();
    assert_eq!(reason(&desk).await, Some(json!("CUSTOMER_NOT_FOUND")));
}

#[tokio::test]
async fn an_order_that_is_not_rejected_has_no_reason() {
    for state in [State::Pending, State::Approved, State::Cancelled] {
        assert_eq!(reason(&Desk::with_order(state).await).await, None, "{state:?}");
    }
}

/// What came second changes nothing, the reason neither.
#[tokio::test]
async fn the_first_reason_stands() {
    let desk = Desk::with_order(State::Rejected).await;
    desk.reject_invalid(7).await.unwrap();
    desk.give_up().await.unwrap();
    assert_eq!(reason(&desk).await, Some(json!("CREDIT_LIMIT_EXCEEDED")));
}

/// Rows from before the reason was kept have no such attribute.
#[tokio::test]
async fn an_order_that_was_rejected_before_reasons_were_kept_can_still_be_read() {
    let desk = Desk::with_order(State::Pending).await;
    let table = Table::new("orders", "PK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xF00));
    let row = Update::new(&table, table.key(format!("ORDER#{ORDER}"), None));
    work.add(row.set("State", AttributeValue::S("REJECTED".to_owned())));
    work.commit(&desk.database.memory).await.unwrap();
    assert_eq!((desk.order().await.state, reason(&desk).await), (State::Rejected, None));
}

/// A version of this service that knows `TIMEOUT` as the only value of `Reason` runs beside this one during a
/// deployment.
#[tokio::test]
async fn the_reason_is_kept_where_the_version_before_does_not_look() {
    let desk = Desk::with_order(State::Rejected).await;
    let row = desk.database.memory.items(&Table::new("orders", "PK")).remove(0);
    assert_eq!((row.get("Reason"), row["Refusal"].as_s().unwrap().as_str()), (None, "CREDIT_LIMIT_EXCEEDED"));
}
