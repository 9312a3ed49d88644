//! Orders on which nobody decides in time are rejected with a reason, and what comes later about them is
//! harmless.

use std::time::Duration;

use orders::{domain::State, messages::CREDIT_RESERVED, use_cases::OrderError};
use transactional_messaging::consumer::Handled;
use unit_of_work::{Condition, Delete, LoadError, MemoryDatabase, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::{
    desk::{Desk, HOUR, NOW, ORDER, OUTBOX, context, delivery},
    watched::Failure,
};

const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);

/// What the pending index has of the order: shard and time.
fn in_index(desk: &Desk) -> Vec<(String, String)> {
    let text = |value: &unit_of_work::AttributeValue| value.as_s().unwrap().clone();
    let items = desk.database.memory.items(&Table::new("orders", "PK"));
    items
        .iter()
        .filter_map(|item| Some((text(item.get("PendingShard")?), text(item.get("DecideBy")?))))
        .collect()
}

#[tokio::test]
async fn a_pending_order_is_rejected_with_the_reason_once_its_hour_is_over_and_not_before() {
    let desk = Desk::with_order(State::Pending).await;
    let moment = Duration::from_micros(1);
    assert!(!desk.elsewhere_at(NOW + HOUR - moment).give_up(ORDER).await.unwrap());
    assert_eq!(desk.order().await.state, State::Pending);
    assert!(desk.elsewhere_at(NOW + HOUR).give_up(ORDER).await.unwrap());
    let rejected = desk.data_of("OrderRejected");
    assert_eq!((&rejected["state"], &rejected["reason"]), (&"REJECTED".into(), &"TIMEOUT".into()));
    assert_eq!(rejected["correlation_id"], context().correlation_id.to_string(), "the conversation goes on");
    let order = desk.order().await;
    assert_eq!((order.state, order.version), (State::TimedOut, 1));
}

#[tokio::test]
async fn giving_up_is_one_transaction_on_the_condition_that_nobody_has_decided() {
    let desk = Desk::with_overdue_order().await;
    assert!(desk.orders.give_up(ORDER).await.unwrap());
    let written =
        [format!("put orders ORDER#{ORDER}"), format!("put orders-outbox SUBJECT#order/{ORDER} 101")];
    assert_eq!(desk.database.last_commit(), written);
}

#[tokio::test]
async fn an_order_is_in_the_pending_index_until_it_is_decided() {
    let desk = Desk::with_order(State::Pending).await;
    let [(shard, time)] = &in_index(&desk)[..] else { panic!("one entry") };
    assert_eq!(time, "2026-11-23T13:00:00+00:00");
    // What is stored must be found by every later version, so the shard is written down here.
    assert_eq!(shard, "7");
    for state in [State::Approved, State::Rejected, State::Cancelled, State::TimedOut] {
        assert_eq!(in_index(&Desk::with_order(state).await), [], "{state:?}");
    }
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
        let before = desk.database.dump();
        assert!(!desk.give_up().await.unwrap());
        assert_eq!(desk.database.dump(), before, "{state:?}");
    }
}

/// An older version of the program would keep the attribute when it approves an order. The state decides,
/// whatever the index says.
#[tokio::test]
async fn an_entry_that_stayed_in_the_index_rejects_no_approved_order() {
    let desk = Desk::with_order(State::Approved).await;
    let table = Table::new("orders", "PK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xEE));
    let past = unit_of_work::AttributeValue::S("2026-11-23T11:00:00+00:00".to_owned());
    let stay = Update::new(&table, table.key(format!("ORDER#{ORDER}"), None)).set("DecideBy", past);
    work.add(stay.when(Condition::exists("PK")));
    work.commit(&desk.database.memory).await.unwrap();
    assert!(!desk.give_up().await.unwrap());
    assert_eq!(desk.order().await.state, State::Approved);
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

/// What the relay does with the messages that it has sent. The row of the other decision is no obstacle any
/// more, then.
async fn send_and_forget(memory: &MemoryDatabase) {
    let outbox = Table::new(OUTBOX, "PK").with_sort_key("SK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(0xDE));
    for row in memory.items(&outbox) {
        let [partition, sequence] = ["PK", "SK"].map(|name| row[name].as_s().unwrap().clone());
        work.add(Delete::new(&outbox, outbox.key(partition, Some(&sequence))));
    }
    work.commit(memory).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_a_decision_and_a_timeout_at_once_the_first_stands() {
    for decision_first in [true, false] {
        let desk = Desk::with_overdue_order().await;
        let (elsewhere, memory) = (desk.elsewhere(), desk.database.memory.clone());
        if decision_first {
            desk.database.meanwhile(async move {
                elsewhere.clone().approve(delivery(CREDIT_RESERVED, 2, ORDER)).await.unwrap();
                send_and_forget(&memory).await;
            });
            assert!(!desk.orders.give_up(ORDER).await.unwrap());
        } else {
            desk.database.meanwhile(async move {
                assert!(elsewhere.give_up(ORDER).await.unwrap());
                send_and_forget(&memory).await;
            });
            assert_eq!(desk.approve(1).await.unwrap(), Handled::Done);
        }
        let expected = if decision_first { State::Approved } else { State::TimedOut };
        assert_eq!(desk.order().await.state, expected);
        assert_eq!(desk.published(), [""; 0], "nothing tells of what was not done");
    }
}

/// What the order says decides: neither a setting that was changed meanwhile nor the time at which anybody
/// else heard of it.
#[tokio::test]
async fn a_setting_that_changes_does_not_change_the_time_of_an_order_that_was_placed_before() {
    let desk = Desk::with_order(State::Pending).await;
    for timeout in [Duration::from_secs(1), 5 * HOUR] {
        let elsewhere = desk.elsewhere_at(NOW + HOUR - Duration::from_secs(1)).with_timeout(timeout);
        assert!(!elsewhere.give_up(ORDER).await.unwrap(), "{timeout:?}");
    }
    assert!(desk.elsewhere_at(NOW + HOUR).with_timeout(5 * HOUR).give_up(ORDER).await.unwrap());
}

/// Two instances of this service, the clock of one ten minutes behind that of the other.
#[tokio::test]
async fn clocks_ten_minutes_apart_make_an_hour_ten_minutes_shorter_or_longer_and_nothing_else() {
    for (placed_at, given_up_after) in
        [(NOW - TEN_MINUTES, HOUR - TEN_MINUTES), (NOW + TEN_MINUTES, HOUR + TEN_MINUTES)]
    {
        let desk = Desk::new();
        let total = orders::domain::Total::new(1).unwrap();
        let taking = desk.elsewhere_at(placed_at);
        taking.create(&context(), ORDER, crate::desk::ADA, total).await.unwrap();
        let looking = |after| desk.elsewhere_at(NOW + after);
        assert!(!looking(given_up_after - Duration::from_secs(1)).give_up(ORDER).await.unwrap());
        assert!(looking(given_up_after).give_up(ORDER).await.unwrap());
    }
}

#[tokio::test]
async fn an_order_that_does_not_exist_any_more_is_nothing_to_give_up() {
    assert!(!Desk::new().give_up().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_passes_and_what_does_not_is_told_apart() {
    let desk = Desk::with_overdue_order().await;
    for (failure, passes) in [(Failure::Conflict, true), (Failure::Refused, false)] {
        desk.database.fail(Some(failure));
        let error = desk.orders.give_up(ORDER).await.unwrap_err();
        assert_eq!(error.is_retryable(), passes, "{error}");
    }
    desk.database.fail_reads(true);
    let error = desk.orders.give_up(ORDER).await.unwrap_err();
    assert!(matches!(&error, OrderError::Load(LoadError::Read(_))) && error.is_retryable());
}
