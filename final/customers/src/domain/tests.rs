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
    Release { order: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..6, prop_oneof![0..500u64, 0..=MAX_AMOUNT])
            .prop_map(|(order, total)| Step::Reserve { order, total }),
        (0u8..6).prop_map(|order| Step::Release { order }),
    ]
}

proptest! {
    /// However requests arrive, repeated and in any order: the sum of what is held is what the customer counts, it never exceeds the
    /// limit, and an order that was released is never held again.
    #[test]
    fn the_limit_holds_and_the_sum_is_right(limit in prop_oneof![0..2000u64, 0..=MAX_AMOUNT], steps in prop::collection::vec(step(), 0..60)) {
        let mut customer = customer(limit);
        let mut orders: BTreeMap<u8, Decision> = BTreeMap::new();
        for step in steps {
            let version = customer.version;
            match step {
                Step::Reserve { order, total } => {
                    let before = orders.get(&order).copied();
                    match customer.reserve(before, Money::new(total).unwrap(), NOW) {
                        Reserve::Reserved(changed) => {
                            prop_assert_eq!(before, None);
                            orders.insert(order, Decision::Reserved(Money::new(total).unwrap()));
                            customer = changed;
                        }
                        Reserve::LimitExceeded => {
                            prop_assert!(total > customer.available_credit().minor_units());
                            orders.insert(order, Decision::Refused);
                        }
                        Reserve::AlreadyDecided => prop_assert!(before.is_some()),
                    }
                }
                Step::Release { order } => match customer.release(orders.get(&order).copied(), NOW) {
                    Release::Released(changed) => {
                        orders.insert(order, Decision::Released);
                        customer = changed;
                    }
                    Release::NothingDecided => drop(orders.insert(order, Decision::Released)),
                    Release::NothingToRelease => {}
                },
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
    assert!(
        matches!(customer.reserve(None, Money(100), NOW), Reserve::Reserved(c) if c.available_credit() == Money::ZERO)
    );
    assert_eq!(customer.reserve(None, Money(101), NOW), Reserve::LimitExceeded);
}

#[test]
fn a_change_is_counted_and_dated() {
    let Reserve::Reserved(changed) = customer(100).reserve(None, Money(1), NOW) else {
        panic!("not reserved")
    };
    assert_eq!((changed.version, changed.updated_at), (1, Some(NOW)));
}

#[test]
fn a_cancellation_that_overtakes_its_order_leaves_nothing_held() {
    let customer = customer(100);
    assert_eq!(customer.release(None, NOW), Release::NothingDecided);
    assert_eq!(customer.reserve(Some(Decision::Released), Money(10), NOW), Reserve::AlreadyDecided);
}

#[test]
fn names_are_checked() {
    for bad in ["", "   ", "a\nb", &"x".repeat(MAX_NAME_CHARS + 1)] {
        assert_eq!(Name::new(bad), Err(NotAName), "{bad:?}");
    }
    assert!(Name::new("é".repeat(MAX_NAME_CHARS)).is_ok());
}
