//! Rejected orders: one that was given up before anybody heard of its reservation gets nothing, whichever
//! message comes first.

use transactional_messaging::consumer::Handled;
use uuid::Uuid;

use crate::desk::{ADA, Desk, order_created, order_rejected, order_rejected_by};

#[tokio::test]
async fn credit_that_was_reserved_for_an_order_that_was_given_up_is_released_once() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 60).await.unwrap();
    desk.order(2, 8, 30).await.unwrap();
    let published = desk.published();
    assert_eq!(desk.reject(3, 7).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            "put customers-inbox MESSAGE#customer--order-rejected#00000000-0000-0000-0000-000000000003"
                .to_owned(),
            format!("put customers CUSTOMER#{ADA}"),
            format!("put customers CUSTOMER#{ADA}#ORDER#{}", Uuid::from_u128(7)),
        ]
    );
    assert_eq!((desk.reserved().await, desk.published()), ((30, 3), published), "a release has no event");
    assert_eq!(desk.reject(3, 7).await.unwrap(), Handled::Duplicate);
    assert_eq!(desk.reject(4, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.cancel(5, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.reserved().await, (30, 3));
}

#[tokio::test]
async fn an_order_that_arrives_after_it_was_given_up_reserves_nothing() {
    let desk = Desk::with_limit(100).await;
    assert_eq!(desk.reject(1, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.order(2, 7, 60).await.unwrap(), Handled::Done);
    assert_eq!((desk.reserved().await, desk.published()), ((0, 0), vec!["CustomerCreated".to_owned()]));
}

/// The usual case: this service refused, and the rejection is the echo.
#[tokio::test]
async fn the_rejection_of_an_order_that_was_refused_changes_nothing() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 101).await.unwrap();
    assert_eq!(desk.reject(2, 7).await.unwrap(), Handled::Done);
    assert_eq!(desk.database.last_commit().len(), 1, "only the memory of the message");
    assert_eq!(desk.reserved().await, (0, 0));
}

#[tokio::test]
async fn a_rejection_for_a_customer_that_does_not_exist_is_no_error() {
    let (desk, nobody) = (Desk::new(), Uuid::from_u128(0xDEAD));
    for (message, order) in [(1, 7), (2, 7)] {
        let rejected = order_rejected_by(nobody, message, order);
        assert_eq!(desk.customers.clone().settle_rejection(rejected).await.unwrap(), Handled::Done);
    }
    let late = crate::desk::order_created_by(nobody, 3, 7, 1);
    assert_eq!(desk.customers.clone().reserve_credit(late).await.unwrap(), Handled::Done);
    assert!(desk.published().is_empty(), "nobody waits for an answer any more");
}

#[tokio::test(start_paused = true)]
async fn order_and_rejection_at_once_leave_nothing_reserved() {
    for order_first in [true, false] {
        let desk = Desk::with_limit(100).await;
        let elsewhere = desk.elsewhere();
        if order_first {
            // The order is read before the rejection commits, and committed after it.
            desk.database.meanwhile(async move {
                elsewhere.clone().settle_rejection(order_rejected(2, 7)).await.unwrap();
            });
            desk.order(1, 7, 60).await.unwrap();
        } else {
            desk.database.meanwhile(async move {
                elsewhere.clone().reserve_credit(order_created(1, 7, 60)).await.unwrap();
            });
            desk.reject(2, 7).await.unwrap();
        }
        assert_eq!(desk.reserved().await.0, 0, "{order_first}");
    }
}
