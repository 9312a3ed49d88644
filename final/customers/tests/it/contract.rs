//! Each use case is one transaction with exactly the documented writes, and its event has exactly the
//! documented fields.

use transactional_messaging::consumer::Handled;
use uuid::Uuid;

use crate::desk::{ADA, Desk, OUTBOX, order_created_by};

const CUSTOMER: &str = "CUSTOMER#00000000-0000-0000-0000-000000000ada";
const SUBJECT: &str = "SUBJECT#customer/00000000-0000-0000-0000-000000000ada";
const ORDER: &str = "00000000-0000-0000-0000-000000000007";
const MESSAGE: &str = "00000000-0000-0000-0000-000000000001";
/// What all events begin with, after the event's own id.
const HEAD: &str = r#""correlation_id":"00000000-0000-0000-0000-0000000000c0","customer_id":"00000000-0000-0000-0000-000000000ada","created_at":"2026-11-23T12:00:00+00:00""#;

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

#[tokio::test]
async fn creating_a_customer() {
    let desk = Desk::with_limit(24_999).await;
    assert_eq!(
        desk.database.commits(),
        [[format!("put customers {CUSTOMER}"), format!("put {OUTBOX} {SUBJECT} 1")]]
    );
    assert_eq!(data_of(&desk, "CustomerCreated"), format!(r#"{HEAD},"name":"Ada","credit_limit":24999}}"#));
    let ada = desk.ada().await;
    assert_eq!((ada.version, ada.updated_at, ada.available_credit().minor_units()), (0, None, 24_999));
}

#[tokio::test]
async fn reserving_credit() {
    let desk = Desk::with_limit(24_999).await;
    assert_eq!(desk.order(1, 7, 14_999).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            format!("put customers-inbox MESSAGE#customer--order-created#{MESSAGE}"),
            format!("put customers {CUSTOMER}"),
            format!("put customers {CUSTOMER}#ORDER#{ORDER}"),
            format!("put {OUTBOX} {SUBJECT} 101"),
        ]
    );
    assert_eq!(data_of(&desk, "CustomerCreditReserved"), format!(r#"{HEAD},"order_id":"{ORDER}"}}"#));
    let ada = desk.ada().await;
    assert_eq!((ada.available_credit().minor_units(), ada.version), (10_000, 1));
    assert!(ada.updated_at.is_some());
}

#[tokio::test]
async fn refusing_an_order_over_the_limit() {
    let desk = Desk::with_limit(24_999).await;
    assert_eq!(desk.order(1, 7, 30_000).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            format!("put customers-inbox MESSAGE#customer--order-created#{MESSAGE}"),
            format!("check customers {CUSTOMER}"),
            format!("put customers {CUSTOMER}#ORDER#{ORDER}"),
            format!("put {OUTBOX} {SUBJECT}/order/{ORDER} 1"),
        ]
    );
    assert_eq!(
        data_of(&desk, "CustomerCreditReservationFailed"),
        format!(r#"{HEAD},"order_id":"{ORDER}"}}"#)
    );
    assert_eq!(desk.reserved().await, (0, 0), "the customer is not touched");
}

#[tokio::test]
async fn refusing_an_order_of_a_customer_that_does_not_exist() {
    let desk = Desk::new();
    assert_eq!(desk.order(1, 7, 1).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            format!("put customers-inbox MESSAGE#customer--order-created#{MESSAGE}"),
            format!("check customers {CUSTOMER}"),
            format!("put customers {CUSTOMER}#ORDER#{ORDER}"),
            format!("put {OUTBOX} {SUBJECT}/order/{ORDER} 1"),
        ]
    );
    assert_eq!(
        data_of(&desk, "CustomerValidationFailed"),
        format!(r#"{HEAD},"order_id":"{ORDER}","error":"CUSTOMER_NOT_FOUND_ERROR"}}"#)
    );
    assert!(desk.customers.find(ADA).await.unwrap().is_none());
}

#[tokio::test]
async fn releasing_credit() {
    let desk = Desk::with_limit(24_999).await;
    desk.order(1, 7, 14_999).await.unwrap();
    let published = desk.published();
    assert_eq!(desk.cancel(2, 7).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            "put customers-inbox MESSAGE#customer--order-cancelled#00000000-0000-0000-0000-000000000002"
                .to_owned(),
            format!("put customers {CUSTOMER}"),
            format!("put customers {CUSTOMER}#ORDER#{ORDER}"),
        ]
    );
    assert_eq!((desk.reserved().await, desk.published()), ((0, 2), published), "a release has no event");
}

#[tokio::test]
async fn the_cause_of_an_event_is_the_message_that_led_to_it() {
    let desk = Desk::with_limit(100).await;
    desk.order(0xCA, 7, 1).await.unwrap();
    let rows = desk.database.memory.items(&unit_of_work::Table::new(OUTBOX, "PK"));
    let text = rows
        .iter()
        .map(|row| row["Message"].as_s().unwrap())
        .find(|text| text.contains("CreditReserved"))
        .unwrap();
    let envelope: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(envelope["causationid"], Uuid::from_u128(0xCA).to_string());
    assert_eq!(envelope["source"], "/customers");
    assert_eq!(
        (&envelope["id"], &envelope["time"]),
        (&envelope["data"]["event_id"], &envelope["data"]["created_at"])
    );
}

#[tokio::test]
async fn customers_do_not_share_credit() {
    let desk = Desk::with_limit(100).await;
    let other = Uuid::from_u128(0xB0B);
    desk.create(other, "Bob", 50).await.unwrap();
    desk.customers.clone().reserve_credit(order_created_by(other, 1, 7, 50)).await.unwrap();
    desk.order(2, 8, 100).await.unwrap();
    assert_eq!(desk.reserved().await, (100, 1));
    assert_eq!(desk.customers.find(other).await.unwrap().unwrap().reserved.minor_units(), 50);
}
