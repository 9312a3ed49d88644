//! Cancelling: only what is approved, once, and rested on what was read.

use orders::{domain::State, use_cases::OrderError};

use crate::{
    desk::{Desk, ORDER, context},
    watched::Failure,
};

#[tokio::test]
async fn only_an_approved_order_can_be_cancelled() {
    let pending = Desk::with_order(State::Pending).await;
    assert!(matches!(pending.cancel().await, Err(OrderError::StillPending)));
    let rejected = Desk::with_order(State::Rejected).await;
    assert!(matches!(rejected.cancel().await, Err(OrderError::WasRejected)));
    assert!(matches!(Desk::new().cancel().await, Err(OrderError::NotFound)));
    assert_eq!((pending.published().len(), rejected.published().len()), (1, 2));
}

#[tokio::test]
async fn a_second_cancellation_changes_nothing_and_is_no_error() {
    let desk = Desk::with_order(State::Cancelled).await;
    let before = desk.database.dump();
    desk.cancel().await.unwrap();
    assert_eq!(desk.database.dump(), before);
}

#[tokio::test(start_paused = true)]
async fn two_cancellations_at_once_are_one() {
    let desk = Desk::with_order(State::Approved).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move { elsewhere.cancel(&context(), ORDER).await.unwrap() });
    desk.cancel().await.unwrap();
    assert_eq!(desk.published(), ["OrderCreated", "OrderApproved", "OrderCancelled"]);
    assert_eq!(desk.order().await.version, 2);
}

/// Somebody changes the order each time between the read and the commit, without changing its state.
#[tokio::test(start_paused = true)]
async fn a_cancellation_that_loses_every_race_says_so() {
    use unit_of_work::{Condition, Table, UnitOfWork, Update};
    let desk = Desk::with_order(State::Approved).await;
    for round in 0..5 {
        let memory = desk.database.memory.clone();
        desk.database.meanwhile(async move {
            let table = Table::new("orders", "PK");
            let mut work: UnitOfWork<()> = UnitOfWork::new(uuid::Uuid::from_u128(0xF00 + round));
            let touched = Update::new(&table, table.key(format!("ORDER#{ORDER}"), None)).add("Version", 1);
            work.add(touched.when(Condition::exists("PK")));
            work.commit(&memory).await.unwrap();
        });
    }
    assert!(matches!(desk.cancel().await, Err(OrderError::Contended)));
    assert_eq!(desk.order().await.state, State::Approved);
    desk.cancel().await.unwrap();
    assert_eq!(desk.order().await.state, State::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_whose_answer_was_lost_is_safe_to_repeat() {
    let desk = Desk::with_order(State::Approved).await;
    desk.database.fail(Some(Failure::AnswerLost));
    assert!(matches!(desk.cancel().await, Err(OrderError::Commit(error)) if error.is_retryable()));
    desk.database.fail(None);
    desk.cancel().await.unwrap();
    assert_eq!(desk.published().len(), 3);
}
