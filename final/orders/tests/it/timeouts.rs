//! Orders on which nobody decides in time are rejected with a reason, and what comes later about them is harmless.

use orders::{
    domain::State,
    messages::{CustomerCreditReserved, own::OrderTimeoutReached},
    use_cases::OrderError,
};
use transactional_messaging::consumer::{Handled, HandlerError};
use uuid::Uuid;

use crate::desk::{Desk, ORDER, delivery};

#[tokio::test]
async fn a_pending_order_whose_time_is_up_is_rejected_with_the_reason() {
    let desk = Desk::with_order(State::Pending).await;
    assert_eq!(desk.give_up(1).await.unwrap(), Handled::Done);
    assert_eq!(
        desk.database.last_commit(),
        [
            format!("put orders-inbox MESSAGE#order--timeout-reached#{}", Uuid::from_u128(1)),
            format!("put orders ORDER#{ORDER}"),
            format!("put orders-outbox SUBJECT#order/{ORDER} 101"),
        ]
    );
    let rejected = desk.data_of("OrderRejected");
    assert_eq!((&rejected["state"], &rejected["reason"]), (&"REJECTED".into(), &"TIMEOUT".into()));
    assert_eq!(desk.order().await.state, State::TimedOut);
}

#[tokio::test]
async fn a_refused_order_is_rejected_without_a_reason() {
    let desk = Desk::with_order(State::Rejected).await;
    assert_eq!(desk.data_of("OrderRejected").get("reason"), None);
}

#[tokio::test]
async fn the_time_of_an_order_that_was_decided_on_does_not_matter() {
    for state in [State::Approved, State::Rejected, State::Cancelled, State::TimedOut] {
        let desk = Desk::with_order(state).await;
        let (order, published) = (desk.order().await, desk.published());
        assert_eq!(desk.give_up(9).await.unwrap(), Handled::Done);
        assert_eq!(desk.database.last_commit().len(), 1, "only the memory of the message");
        assert_eq!((desk.order().await, desk.published()), (order, published));
    }
}

/// The customers service gives the credit back when it hears of the rejection; here nothing is left to do.
#[tokio::test]
async fn a_decision_that_comes_after_the_time_was_up_changes_nothing_and_is_no_error() {
    let desk = Desk::with_order(State::TimedOut).await;
    let (order, published) = (desk.order().await, desk.published());
    for late in [desk.approve(7).await, desk.reject(8).await, desk.reject_invalid(9).await] {
        assert_eq!(late.unwrap(), Handled::Done);
    }
    assert!(matches!(desk.cancel().await, Err(OrderError::WasRejected)));
    assert_eq!((desk.order().await, desk.published()), (order, published));
}

#[tokio::test(start_paused = true)]
async fn of_a_decision_and_a_timeout_at_once_the_first_stands() {
    for decision_first in [true, false] {
        let desk = Desk::with_order(State::Pending).await;
        let elsewhere = desk.elsewhere();
        let handled = if decision_first {
            desk.database.meanwhile(async move {
                elsewhere.approve(delivery::<CustomerCreditReserved>(2, ORDER)).await.unwrap();
            });
            desk.give_up(1).await
        } else {
            desk.database.meanwhile(async move {
                elsewhere.give_up(delivery::<OrderTimeoutReached>(2, ORDER)).await.unwrap();
            });
            desk.approve(1).await
        };
        assert_eq!(handled.unwrap(), Handled::Done);
        let expected = if decision_first { State::Approved } else { State::TimedOut };
        assert_eq!((desk.order().await.state, desk.published().len()), (expected, 2));
    }
}

#[tokio::test]
async fn the_timeout_of_an_order_that_cannot_be_read_yet_comes_again() {
    let desk = Desk::new();
    assert!(matches!(desk.give_up(1).await, Err(HandlerError::Retryable(_))));
}
