//! The protocol as it is keeps all its properties.

use protocol_model::{Bounds, Protocol, explore};

fn explored(bounds: Bounds) -> protocol_model::Report {
    let report = explore(Protocol::sound(bounds), 2);
    assert!(report.violation.is_none(), "{bounds}: {report}");
    report
}

#[test]
fn two_orders_race_for_the_credit_of_one() {
    let bounds = Bounds { faults: 0, ..Bounds::RACE };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn both_orders_are_approved_and_one_is_cancelled() {
    let bounds = Bounds { faults: 0, limits: &[2], ..Bounds::RACE };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn an_order_is_given_up_while_it_is_decided() {
    let bounds = Bounds { faults: 0, give_ups: 1, ..Bounds::RACE };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn one_fault_at_every_point() {
    let bounds = Bounds { orders: 1, faults: 1, ..Bounds::RACE };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn one_fault_with_a_consumer_that_only_the_inbox_guards() {
    let bounds = Bounds { orders: 1, faults: 1, tally: true, ..Bounds::RACE };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn transactions_become_visible_item_by_item_for_two_relays() {
    let bounds = Bounds { faults: 0, ..Bounds::ITEM_BY_ITEM };
    assert!(explored(bounds).distinct > 100_000);
}
