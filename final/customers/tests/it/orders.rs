//! What becomes of orders that come twice, too late, too large, or while the table cannot be used.

use customers::{domain::MAX_AMOUNT, use_cases::CreateError};
use serde_json::json;
use transactional_messaging::consumer::{Delivery, Handled, HandlerError};
use unit_of_work::{Database as _, Put, Table, UnitOfWork};
use uuid::Uuid;

use crate::{
    desk::{ADA, Desk, context, order_created, order_created_by},
    watched::Failure,
};

#[tokio::test]
async fn a_customer_is_created_once_whoever_asks_how_often() {
    let desk = Desk::with_limit(100).await;
    let before = desk.database.dump();
    desk.create(ADA, "Ada", 100).await.unwrap();
    for (name, limit) in [("Ada", 101), ("Bob", 100)] {
        assert!(matches!(desk.create(ADA, name, limit).await, Err(CreateError::KeyReused)));
    }
    assert_eq!(desk.database.dump(), before);
    desk.order(1, 7, 60).await.unwrap();
    desk.create(ADA, "Ada", 100).await.unwrap();
    assert_eq!(desk.reserved().await, (60, 1), "a repeated request does not reset what has happened since");
}

#[tokio::test]
async fn a_duplicate_of_any_message_has_no_second_effect() {
    let nobody = Uuid::from_u128(0xDEAD);
    let desk = Desk::with_limit(100).await;
    let orders = [(ADA, 1, 7, 60), (ADA, 2, 8, 60), (nobody, 3, 9, 1)];
    for (customer, message, order, total) in orders {
        let handled =
            desk.customers.clone().reserve_credit(order_created_by(customer, message, order, total)).await;
        assert_eq!(handled.unwrap(), Handled::Done);
    }
    desk.cancel(4, 7).await.unwrap();
    let before = desk.database.dump();
    for (customer, message, order, total) in orders {
        let handled =
            desk.customers.clone().reserve_credit(order_created_by(customer, message, order, total)).await;
        assert_eq!(handled.unwrap(), Handled::Duplicate);
    }
    assert_eq!(desk.cancel(4, 7).await.unwrap(), Handled::Duplicate);
    assert_eq!(desk.database.dump(), before);
}

/// The inbox forgets after some time, and an event can be published a second time with another id. The
/// decision stays.
#[tokio::test]
async fn another_message_about_a_decided_order_changes_nothing() {
    let (desk, nobody) = (Desk::with_limit(100).await, Uuid::from_u128(0xDEAD));
    let order = async |customer, message, order| {
        desk.customers.clone().reserve_credit(order_created_by(customer, message, order, 60)).await.unwrap()
    };
    for (customer, message) in [(ADA, 7), (ADA, 8), (nobody, 9)] {
        order(customer, message, message).await;
    }
    let (reserved, published) = (desk.reserved().await, desk.published());
    for (customer, number) in [(ADA, 7), (ADA, 8), (nobody, 9)] {
        assert_eq!(order(customer, 10 + number, number).await, Handled::Done);
        assert_eq!(desk.database.last_commit().len(), 1, "only the memory of the message");
    }
    assert_eq!((desk.reserved().await, desk.published()), (reserved, published));
}

#[tokio::test]
async fn an_order_of_a_customer_that_came_later_stays_refused() {
    let desk = Desk::new();
    desk.order(1, 7, 60).await.unwrap();
    desk.create(ADA, "Ada", 100).await.unwrap();
    desk.order(2, 7, 60).await.unwrap();
    assert_eq!((desk.reserved().await, desk.published().len()), ((0, 0), 2));
}

#[tokio::test]
async fn the_whole_limit_may_be_reserved_and_an_order_of_nothing_too() {
    let desk = Desk::with_limit(100).await;
    for (message, total) in [(1, 0), (2, 100), (3, 0), (4, 1)] {
        desk.order(message, message, total).await.unwrap();
    }
    let published = desk.published();
    let of = |kind: &str| published.iter().filter(|other| *other == kind).count();
    assert_eq!((of("CustomerCreditReserved"), of("CustomerCreditReservationFailed")), (3, 1));
    assert_eq!(desk.reserved().await.0, 100);
}

#[tokio::test]
async fn an_amount_that_no_order_can_have_is_a_terminal_error() {
    let desk = Desk::with_limit(100).await;
    let before = desk.database.dump();
    let error = desk.order(1, 7, MAX_AMOUNT + 1).await.unwrap_err();
    assert!(matches!(error, HandlerError::Terminal { reason } if reason.contains("minor units")));
    assert_eq!(desk.database.dump(), before);
    for total in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        let ids = (Uuid::from_u128(1), Uuid::from_u128(7));
        let body = json!({
            "specversion": "1.0", "id": ids.0, "source": "/orders", "type": "OrderCreated",
            "subject": format!("order/{}", ids.1),
            "time": "2026-11-23T11:59:00+00:00", "sequence": "1", "correlationid": ids.0,
            "data": {"order_id": ids.1, "customer_id": ADA, "order_total": total},
        });
        assert!(Delivery::parse(customers::messages::ORDER_CREATED, &body.to_string()).is_err(), "{total}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_database_brings_the_message_back_and_changes_nothing() {
    let desk = Desk::with_limit(100).await;
    let before = desk.database.dump();
    for failure in [Failure::Conflict, Failure::Refused] {
        desk.database.fail(Some(failure));
        assert!(desk.order(1, 7, 60).await.unwrap_err().is_retryable(), "{failure:?}");
        assert_eq!(desk.database.dump(), before);
    }
    desk.database.fail(Some(Failure::AnswerLost));
    assert!(desk.order(1, 7, 60).await.unwrap_err().is_retryable());
    desk.database.fail(None);
    assert_eq!(desk.order(1, 7, 60).await.unwrap(), Handled::Duplicate, "it had taken effect");
    assert_eq!(desk.reserved().await, (60, 1));
    for retryable in [true, false] {
        desk.database.fail_reads(retryable);
        let error = desk.order(2, 8, 1).await.unwrap_err();
        assert!(error.is_retryable(), "even a missing permission is no fault of the message");
    }
}

#[tokio::test]
async fn a_damaged_customer_is_a_terminal_error_without_the_name_in_it() {
    let desk = Desk::with_limit(100).await;
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xBAD));
    let table = Table::new("customers", "PK");
    let key = table.key(format!("CUSTOMER#{ADA}"), None);
    let mut item = desk.database.memory.get(&table, key).await.unwrap().unwrap();
    item.insert("CreditLimit".to_owned(), unit_of_work::AttributeValue::S("Ada Lovelace".to_owned()));
    work.add(Put::item(&table, item).unwrap());
    work.commit(&desk.database.memory).await.unwrap();
    let error = desk.customers.clone().reserve_credit(order_created(1, 7, 1)).await.unwrap_err();
    let HandlerError::Terminal { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains("damaged") && !reason.contains("Ada"), "{reason}");
    assert_eq!(context().causation_id, None);
}
