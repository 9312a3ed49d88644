//! The rules of credit, in examples and for any sequence of requests.

use std::collections::BTreeMap;

use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

fn customer(limit: u64) -> Customer {
    let name = Name::new("Ada").unwrap();
    Customer::new(Uuid::from_u128(1), name, Money::new(limit).unwrap(), NOW)
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { order: u8, total: u64 },
    Release { order: u8, event: OrderEvent },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..6, prop_oneof![0..500u64, 0..=MAX_AMOUNT])
            .prop_map(|(order, total)| Step::Reserve { order, total }),
        (0u8..6, prop::sample::select(&[OrderEvent::OrderCancelled, OrderEvent::OrderRejected]))
            .prop_map(|(order, event)| Step::Release { order, event }),
    ]
}

proptest! {
    /// However requests arrive, repeated and in any order: the sum of what is held is what the customer
    /// counts, it never exceeds the limit, and an order that was released is never held again.
    #[test]
    fn the_limit_holds_and_the_sum_is_right(limit in prop_oneof![0..2000u64, 0..=MAX_AMOUNT], steps in prop::collection::vec(step(), 0..60)) {
        let mut customer = customer(limit);
        let mut orders: BTreeMap<u8, Decision> = BTreeMap::new();
        for step in steps {
            let version = customer.version;
            let (order, event, total) = match step {
                Step::Reserve { order, total } => (order, OrderEvent::OrderCreated, total),
                Step::Release { order, event } => (order, event, 0),
            };
            match credit_action(orders.get(&order).copied(), event) {
                CreditAction::Decide => match customer.reserve(Money(total), NOW) {
                    Some(changed) => {
                        orders.insert(order, Decision::Reserved(Money(total)));
                        customer = changed;
                    }
                    None => {
                        prop_assert!(total > customer.available_credit().minor_units());
                        orders.insert(order, Decision::Refused);
                    }
                },
                CreditAction::GiveBack(amount) => {
                    orders.insert(order, Decision::Released);
                    customer = customer.give_back(amount, NOW);
                }
                CreditAction::NeverReserve => drop(orders.insert(order, Decision::Released)),
                CreditAction::Nothing => {}
            }
            let held: u64 = orders.values().map(|r| match r { Decision::Reserved(amount) => amount.minor_units(), _ => 0 }).sum();
            prop_assert_eq!(held, customer.reserved.minor_units());
            prop_assert!(customer.reserved <= customer.credit_limit);
            prop_assert_eq!(customer.available_credit().minor_units(), limit - held);
            prop_assert!(customer.version - version <= 1);
        }
    }

    #[test]
    fn money_is_exact_up_to_its_limit(minor_units: u64) {
        prop_assert_eq!(Money::new(minor_units).is_ok(), minor_units <= MAX_AMOUNT);
    }
}

#[test]
fn the_whole_credit_may_be_reserved_and_not_a_cent_more() {
    let customer = customer(100);
    assert_eq!(customer.reserve(Money(100), NOW).unwrap().available_credit(), Money::ZERO);
    assert_eq!(customer.reserve(Money(101), NOW), None);
}

#[test]
fn a_change_is_counted_and_dated() {
    let changed = customer(100).reserve(Money(1), NOW).unwrap();
    assert_eq!((changed.version, changed.updated_at), (1, Some(NOW)));
    assert_eq!(changed.give_back(Money(1), NOW).version, 2);
}
