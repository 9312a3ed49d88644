//! The protocol as it is keeps all its properties.

use protocol_model::{Bounds, LEAST_STATES, Protocol, explore};

fn explored(bounds: Bounds) -> protocol_model::Report {
    let report = explore(Protocol::sound(bounds), 2);
    assert!(report.violations.is_empty(), "{bounds}: {report}");
    report
}

#[test]
fn two_orders_race_for_the_credit_of_one() {
    let bounds = Bounds { faults: 0, ..Bounds::full() };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn both_orders_are_approved_and_one_is_cancelled() {
    let bounds = Bounds { faults: 0, limits: &[2], ..Bounds::full() };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn one_fault_at_every_point() {
    let bounds = Bounds { orders: 1, faults: 1, ..Bounds::full() };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
fn one_fault_with_a_consumer_that_only_the_inbox_guards() {
    let bounds = Bounds { orders: 1, faults: 1, tally: true, ..Bounds::full() };
    assert!(explored(bounds).distinct > 10_000);
}

#[test]
#[ignore = "more than a minute; scripts/test has the program explore them: cargo run -p protocol-model"]
fn two_faults_at_every_point_of_two_orders() {
    let report = explored(Bounds::full());
    assert!(report.is_sound(), "{report}\nnot seen: {:?}", report.not_seen);
    assert!(report.distinct >= LEAST_STATES, "{report}");
}
