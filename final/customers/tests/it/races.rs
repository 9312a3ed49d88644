//! Decisions rest on what was read: whatever changes before the commit, the order is decided on anew.

use transactional_messaging::consumer::Handled;

use crate::desk::{ADA, Desk, context, order_cancelled, order_created};

#[tokio::test(start_paused = true)]
async fn two_orders_at_once_are_both_counted() {
    let desk = Desk::with_limit(100).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().reserve_credit(order_created(2, 8, 30)).await.unwrap();
    });
    assert_eq!(desk.order(1, 7, 60).await.unwrap(), Handled::Done);
    assert_eq!(desk.reserved().await, (90, 2));
}

#[tokio::test(start_paused = true)]
async fn credit_that_another_order_took_in_the_meantime_is_not_reserved_twice() {
    let desk = Desk::with_limit(100).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().reserve_credit(order_created(2, 8, 60)).await.unwrap();
    });
    desk.order(1, 7, 60).await.unwrap();
    assert_eq!(desk.reserved().await, (60, 1));
    let mut published = desk.published();
    published.sort();
    assert_eq!(published, ["CustomerCreated", "CustomerCreditReservationFailed", "CustomerCreditReserved"]);
}

/// The refusal does not change the customer. Without a check of the version it was read at, it would stand
/// although its ground is gone.
#[tokio::test(start_paused = true)]
async fn a_refusal_whose_ground_has_gone_in_the_meantime_is_decided_on_anew() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 8, 60).await.unwrap();
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().release_credit(order_cancelled(2, 8)).await.unwrap();
    });
    desk.order(3, 7, 60).await.unwrap();
    assert_eq!(desk.reserved().await.0, 60);
    assert!(!desk.published().contains(&"CustomerCreditReservationFailed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_customer_that_comes_into_being_in_the_meantime_is_not_told_to_be_unknown() {
    let desk = Desk::new();
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        let (name, limit) =
            (customers::domain::Name::new("Ada").unwrap(), customers::domain::Money::new(100).unwrap());
        elsewhere.create(&context(), ADA, name, limit).await.unwrap();
    });
    desk.order(1, 7, 60).await.unwrap();
    assert_eq!(desk.reserved().await.0, 60);
    assert!(!desk.published().contains(&"CustomerValidationFailed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_same_order_in_two_messages_at_once_is_reserved_once() {
    let desk = Desk::with_limit(100).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().reserve_credit(order_created(2, 7, 60)).await.unwrap();
    });
    assert_eq!(desk.order(1, 7, 60).await.unwrap(), Handled::Done);
    assert_eq!((desk.reserved().await, desk.published().len()), ((60, 1), 2));
}

#[tokio::test(start_paused = true)]
async fn two_cancellations_at_once_release_once() {
    let desk = Desk::with_limit(100).await;
    desk.order(1, 7, 60).await.unwrap();
    desk.order(2, 8, 30).await.unwrap();
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().release_credit(order_cancelled(3, 7)).await.unwrap();
    });
    desk.cancel(4, 7).await.unwrap();
    assert_eq!(desk.reserved().await.0, 30);
}

/// A release has no event, whose place in the outbox would be taken: only the version tells that somebody was
/// faster.
#[tokio::test(start_paused = true)]
async fn a_release_in_the_meantime_is_not_overwritten() {
    for cancelled_too in [true, false] {
        let desk = Desk::with_limit(100).await;
        for (order, total) in [(7, 40), (8, 30)] {
            desk.order(order, order, total).await.unwrap();
        }
        let elsewhere = desk.elsewhere();
        desk.database.meanwhile(async move {
            elsewhere.clone().release_credit(order_cancelled(3, 8)).await.unwrap();
        });
        if cancelled_too {
            desk.cancel(4, 7).await.unwrap();
        } else {
            desk.order(5, 9, 10).await.unwrap();
        }
        assert_eq!(desk.reserved().await, (if cancelled_too { 0 } else { 50 }, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_loses_every_race_goes_back_to_the_queue() {
    let desk = Desk::with_limit(1000).await;
    for other in 100..116 {
        let elsewhere = desk.elsewhere();
        desk.database.meanwhile(async move {
            elsewhere.clone().reserve_credit(order_created(other, other, 1)).await.unwrap();
        });
    }
    assert!(desk.order(1, 7, 60).await.unwrap_err().is_retryable());
    assert!(desk.reserved().await.0 <= 16, "nothing of it was written");
    assert_eq!(desk.order(1, 7, 60).await.unwrap(), Handled::Done);
}

/// Ten orders of one customer in one receive, as one poll of a queue brings them.
#[tokio::test(start_paused = true)]
async fn ten_orders_of_one_customer_at_once_never_exceed_the_limit_and_all_get_an_answer() {
    let desk = Desk::with_limit(100).await;
    let orders = (1..=10).map(|order| desk.order(order, order, 30));
    for handled in futures::future::join_all(orders).await {
        assert_eq!(handled.unwrap(), Handled::Done);
    }
    let published = desk.published();
    let of = |kind: &str| published.iter().filter(|other| *other == kind).count();
    assert_eq!((of("CustomerCreditReserved"), of("CustomerCreditReservationFailed")), (3, 7));
    assert_eq!(desk.reserved().await, (90, 3));
}
