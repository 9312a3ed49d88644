//! Each use case is one transaction with exactly the documented writes, and its event has exactly the
//! documented fields.

use orders::domain::State;
use transactional_messaging::consumer::Handled;
use uuid::Uuid;

use crate::desk::{Desk, OUTBOX};

const ORDER: &str = "ORDER#00000000-0000-0000-0000-00000000000e";
const SUBJECT: &str = "SUBJECT#order/00000000-0000-0000-0000-00000000000e";
const MESSAGE: &str = "00000000-0000-0000-0000-000000000001";

/// The data of the only message of this type, without its id, which differs from run to run.
fn data_of(desk: &Desk, kind: &str) -> String {
    let messages = desk.database.messages(OUTBOX);
    let [(_, data)] = messages.iter().filter(|(other, _)| other == kind).collect::<Vec<_>>()[..] else {
        panic!("one {kind}: {messages:?}")
    };
    let (id, rest) = data.split_once(',').unwrap();
    assert!(id.starts_with(r#"{"event_id":""#), "{data}");
    rest.to_owned()
}

/// What events begin with, after the event's own id.
fn head(state: &str) -> String {
    format!(
        r#""correlation_id":"00000000-0000-0000-0000-0000000000c0","order_id":"00000000-0000-0000-0000-00000000000e","customer_id":"00000000-0000-0000-0000-000000000ada","state":"{state}","created_at":"2026-11-23T12:00:00+00:00""#
    )
}

#[tokio::test]
async fn creating_an_order() {
    let desk = Desk::with_order(State::Pending).await;
    assert_eq!(
        desk.database.commits(),
        [[format!("put orders {ORDER}"), format!("put {OUTBOX} {SUBJECT} 1")]]
    );
    assert_eq!(data_of(&desk, "OrderCreated"), format!(r#"{},"order_total":12399}}"#, head("PENDING")));
    let order = desk.order().await;
    assert_eq!((order.version, order.updated_at, order.total.minor_units()), (0, None, 12_399));
}

#[tokio::test]
async fn approving_an_order() {
    let desk = Desk::with_order(State::Pending).await;
    assert_eq!(desk.approve(1).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            format!("put orders-inbox MESSAGE#order--customer-credit-reserved#{MESSAGE}"),
            format!("put orders {ORDER}"),
            format!("put {OUTBOX} {SUBJECT} 101"),
        ]
    );
    assert_eq!(data_of(&desk, "OrderApproved"), format!("{}}}", head("APPROVED")));
    let order = desk.order().await;
    assert_eq!((order.state, order.version, order.updated_at.is_some()), (State::Approved, 1, true));
}

#[tokio::test]
async fn rejecting_an_order() {
    for (over_limit, queue) in
        [(true, "order--customer-credit-reservation-failed"), (false, "order--customer-validation-failed")]
    {
        let desk = Desk::with_order(State::Pending).await;
        let handled = if over_limit { desk.reject(1).await } else { desk.reject_invalid(1).await };
        assert_eq!(handled.unwrap(), Handled::Done);
        assert_eq!(
            desk.database.last_commit(),
            [
                format!("put orders-inbox MESSAGE#{queue}#{MESSAGE}"),
                format!("put orders {ORDER}"),
                format!("put {OUTBOX} {SUBJECT} 101"),
            ]
        );
        assert_eq!(data_of(&desk, "OrderRejected"), format!("{}}}", head("REJECTED")));
        assert_eq!(desk.order().await.state, State::Rejected);
    }
}

#[tokio::test]
async fn cancelling_an_order() {
    let desk = Desk::with_order(State::Approved).await;
    desk.cancel().await.unwrap();
    assert_eq!(
        desk.database.last_commit(),
        [format!("put orders {ORDER}"), format!("put {OUTBOX} {SUBJECT} 201")]
    );
    assert_eq!(data_of(&desk, "OrderCancelled"), format!("{}}}", head("CANCELLED")));
    let order = desk.order().await;
    assert_eq!((order.state, order.version), (State::Cancelled, 2));
}

#[tokio::test]
async fn the_events_of_an_order_have_one_subject_in_the_order_of_its_versions() {
    let desk = Desk::with_order(State::Cancelled).await;
    assert_eq!(desk.published(), ["OrderCreated", "OrderApproved", "OrderCancelled"]);
}

#[tokio::test]
async fn the_cause_of_an_event_is_the_message_that_led_to_it() {
    let desk = Desk::with_order(State::Approved).await;
    let rows = desk.database.memory.items(&unit_of_work::Table::new(OUTBOX, "PK"));
    let envelope = |row: usize| -> serde_json::Value {
        serde_json::from_str(rows[row]["Message"].as_s().unwrap()).unwrap()
    };
    assert_eq!(envelope(0).get("causationid"), None, "a request is no message");
    assert_eq!(envelope(1)["causationid"], Uuid::from_u128(1).to_string());
    assert_eq!(envelope(1)["source"], "/orders");
}
