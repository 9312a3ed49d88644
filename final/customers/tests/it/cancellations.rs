//! Cancelled orders: credit is released once, never below nothing, and also when the cancellation came first.

use transactional_messaging::{
    consumer::{Handled, HandlerError},
    message::Sequence,
};
use unit_of_work::{Item, Table};

use crate::desk::{Desk, OUTBOX, order_cancelled, order_created};

#[tokio::test]
async fn credit_that_was_released_can_be_reserved_again() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 100).await.unwrap();
    desk.cancel(2, 7).await.unwrap();
    desk.order(3, 8, 100).await.unwrap();
    assert_eq!(desk.reserved().await, (100, 3));
}

/// A release is not announced, so the message behind it follows the one before it.
#[tokio::test]
async fn every_message_names_the_one_before_it_also_across_a_release() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 100).await.unwrap();
    desk.cancel(2, 7).await.unwrap();
    desk.order(3, 8, 50).await.unwrap();
    desk.order(4, 9, 50).await.unwrap();
    let rows = desk.database.memory.items(&Table::new(OUTBOX, "PK").with_sort_key("SK"));
    let version = |row: &Item, name| {
        row.get(name).map(|value| value.as_s().unwrap().parse::<Sequence>().unwrap().version())
    };
    let mut chain: Vec<_> =
        rows.iter().map(|row| (version(row, "SK"), version(row, "Predecessor"))).collect();
    chain.sort_unstable();
    assert_eq!(chain, [(Some(0), None), (Some(1), Some(0)), (Some(3), Some(1)), (Some(4), Some(3))]);
}

#[tokio::test]
async fn a_second_cancellation_releases_nothing() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 60).await.unwrap();
    desk.order(2, 8, 30).await.unwrap();
    desk.cancel(3, 7).await.unwrap();
    assert_eq!(desk.cancel(4, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.database.last_commit().len(), 1, "only the memory of the message");
    assert_eq!(desk.reserved().await, (30, 3));
}

#[tokio::test]
async fn the_cancellation_of_a_refused_order_releases_nothing() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 60).await.unwrap();
    desk.order(2, 8, 60).await.unwrap();
    assert_eq!(desk.cancel(3, 8).await.unwrap(), Handled::Done);
    assert_eq!(desk.reserved().await, (60, 1));
}

#[tokio::test]
async fn a_cancellation_that_overtakes_its_order_keeps_the_credit_free_for_good() {
    let desk = Desk::with_limit(100).await;
    assert_eq!(desk.cancel(1, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.order(2, 7, 60).await.unwrap(), Handled::Done);
    assert_eq!((desk.reserved().await, desk.published()), ((0, 0), vec!["CustomerCreated".to_owned()]));
}

#[tokio::test]
async fn a_cancellation_for_a_customer_that_does_not_exist_is_a_terminal_error() {
    let desk = Desk::new();
    let error = desk.cancel(1, 7).await.unwrap_err();
    assert!(
        matches!(error, HandlerError::Terminal { reason } if reason.contains("customer that does not exist"))
    );
    assert!(desk.database.commits().is_empty());
}

#[tokio::test(start_paused = true)]
async fn order_and_cancellation_at_once_leave_nothing_reserved() {
    for order_first in [true, false] {
        let desk = Desk::with_limit(100).await;
        let elsewhere = desk.elsewhere();
        if order_first {
            // The order is read before the cancellation commits, and committed after it.
            desk.database.meanwhile(async move {
                elsewhere.clone().release_credit(order_cancelled(2, 7)).await.unwrap();
            });
            desk.order(1, 7, 60).await.unwrap();
        } else {
            desk.database.meanwhile(async move {
                elsewhere.clone().reserve_credit(order_created(1, 7, 60)).await.unwrap();
            });
            desk.cancel(2, 7).await.unwrap();
        }
        assert_eq!(desk.reserved().await.0, 0, "{order_first}");
    }
}
