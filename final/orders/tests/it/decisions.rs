//! What the customers service decided reaches the order once, and never turns a decision into its opposite.

use orders::{domain::State, messages::CREDIT_RESERVED};
use transactional_messaging::consumer::{Handled, HandlerError};
use uuid::Uuid;

use crate::{
    desk::{Desk, ORDER, delivery},
    watched::Failure,
};

#[tokio::test]
async fn a_duplicate_of_any_message_has_no_second_effect() {
    let approved = Desk::with_order(State::Approved).await;
    let before = approved.database.dump();
    assert_eq!(approved.approve(1).await.unwrap(), Handled::Duplicate);
    assert_eq!(approved.database.dump(), before);

    let rejected = Desk::with_order(State::Rejected).await;
    let before = rejected.database.dump();
    assert_eq!(rejected.reject(1).await.unwrap(), Handled::Duplicate);
    assert_eq!(rejected.database.dump(), before);
}

/// The inbox forgets after some time, and an event can be published a second time with another id.
#[tokio::test]
async fn another_message_that_says_the_same_changes_nothing() {
    let desk = Desk::with_order(State::Approved).await;
    assert_eq!(desk.approve(2).await.unwrap(), Handled::Done);
    assert_eq!(desk.database.last_commit().len(), 1, "only the memory of the message");
    assert_eq!((desk.order().await.version, desk.published().len()), (1, 2));

    let cancelled = Desk::with_order(State::Cancelled).await;
    assert_eq!(cancelled.approve(2).await.unwrap(), Handled::Done);
    assert_eq!((cancelled.order().await.state, cancelled.published().len()), (State::Cancelled, 3));

    let rejected = Desk::with_order(State::Rejected).await;
    assert_eq!(rejected.reject_invalid(2).await.unwrap(), Handled::Done);
    assert_eq!((rejected.order().await.version, rejected.published().len()), (1, 2));
}

#[tokio::test]
async fn a_message_that_contradicts_the_decision_is_a_terminal_error_and_changes_nothing() {
    for state in [State::Approved, State::Cancelled, State::Rejected] {
        let desk = Desk::with_order(state).await;
        let before = desk.database.dump();
        let contradictions = match state {
            State::Rejected => vec![desk.approve(9).await],
            _ => vec![desk.reject(9).await, desk.reject_invalid(9).await],
        };
        for error in contradictions.into_iter().map(Result::unwrap_err) {
            let HandlerError::Terminal { reason } = error else { panic!("{state:?}: {error:?}") };
            assert!(reason.contains("contradicts") && reason.contains(&ORDER.to_string()), "{reason}");
        }
        assert_eq!(desk.database.dump(), before, "{state:?}");
    }
}

#[tokio::test]
async fn a_message_about_an_order_that_cannot_be_read_yet_comes_again() {
    let desk = Desk::new();
    let unknown = Uuid::from_u128(0xDEAD);
    let error = desk.orders.clone().approve(delivery(CREDIT_RESERVED, 1, unknown)).await.unwrap_err();
    assert!(
        matches!(error, HandlerError::Retryable(reason) if reason.to_string().contains(&unknown.to_string()))
    );
    assert!(desk.database.commits().is_empty());
}

/// Two messages that say the opposite, at the same time: the first commit decides, and the other is told so.
#[tokio::test(start_paused = true)]
async fn of_two_opposite_decisions_at_once_the_first_stands() {
    let desk = Desk::with_order(State::Pending).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        let refused = delivery(orders::messages::CREDIT_RESERVATION_FAILED, 2, ORDER);
        elsewhere.clone().reject_over_limit(refused).await.unwrap();
    });
    assert!(matches!(desk.approve(1).await, Err(HandlerError::Terminal { .. })));
    assert_eq!(
        (desk.order().await.state, desk.published()),
        (State::Rejected, vec!["OrderCreated".to_owned(), "OrderRejected".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn two_messages_that_say_the_same_at_once_have_one_effect() {
    let desk = Desk::with_order(State::Pending).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.clone().approve(delivery(CREDIT_RESERVED, 2, ORDER)).await.unwrap();
    });
    assert_eq!(desk.approve(1).await.unwrap(), Handled::Done);
    assert_eq!((desk.order().await.version, desk.published().len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_database_brings_the_message_back_and_changes_nothing() {
    let desk = Desk::with_order(State::Pending).await;
    let before = desk.database.dump();
    for failure in [Failure::Conflict, Failure::Refused] {
        desk.database.fail(Some(failure));
        assert!(desk.approve(1).await.unwrap_err().is_retryable(), "{failure:?}");
        assert_eq!(desk.database.dump(), before);
    }
    desk.database.fail(Some(Failure::AnswerLost));
    assert!(desk.approve(1).await.unwrap_err().is_retryable());
    desk.database.fail(None);
    assert_eq!(desk.approve(1).await.unwrap(), Handled::Duplicate, "it had taken effect");
    desk.database.fail_reads(false);
    assert!(
        desk.approve(2).await.unwrap_err().is_retryable(),
        "even a missing permission is no fault of the message"
    );
}
