//! The model decides as the domains in `final/` do, in every state that the model knows.
//!
//! The domains are compiled in from their files: they need neither AWS nor messages, the crates around them do, and this test takes seconds.
//! It has no test harness, with which their own tests would be compiled in, too.

#[allow(dead_code, unreachable_pub, reason = "this test uses a part of it")]
#[rustfmt::skip] // not ours to format
#[path = "../../../final/customers/src/domain.rs"]
mod customers;
#[allow(dead_code, unreachable_pub, reason = "this test uses a part of it")]
#[rustfmt::skip] // not ours to format
#[path = "../../../final/orders/src/domain.rs"]
mod orders;

use customers::{
    Customer, Decision as RealDecision, Money, Name, Release as RealRelease, Reserve as RealReserve,
};
use orders::{Answer as RealAnswer, Happening as RealHappening, State, answer as real_answer};
use protocol_model::{
    Decision, OrderState,
    decisions::{Answer, Happening, Release, Reserve, answer, release, reserve},
};
use time::macros::datetime;
use uuid::Uuid;

const DECISIONS: [Decision; 4] = [Decision::None, Decision::Reserved, Decision::Refused, Decision::Released];

fn real(state: OrderState) -> Option<State> {
    match state {
        OrderState::Absent | OrderState::HalfPlaced => None,
        OrderState::Pending => Some(State::Pending),
        OrderState::Approved => Some(State::Approved),
        OrderState::Rejected => Some(State::Rejected),
        OrderState::Cancelled => Some(State::Cancelled),
    }
}

fn real_decision(decision: Decision) -> Option<RealDecision> {
    match decision {
        Decision::None => None,
        Decision::Reserved => Some(RealDecision::Reserved(Money::new(1).unwrap())),
        Decision::Refused => Some(RealDecision::Refused),
        Decision::Released => Some(RealDecision::Released),
    }
}

fn customer(limit: u8, reserved: u8) -> Customer {
    let money = |amount: u8| Money::new(amount.into()).unwrap();
    let new =
        Customer::new(Uuid::nil(), Name::new("Ada").unwrap(), money(limit), datetime!(2026-11-24 12:00 UTC));
    Customer { reserved: money(reserved), ..new }
}

fn main() {
    orders_answer_alike();
    customers_reserve_alike();
    customers_release_alike();
    println!("3 passed, 0 failed");
}

fn orders_answer_alike() {
    let happenings = [
        (Happening::CreditReserved, RealHappening::CreditReserved),
        (Happening::CreditRefused, RealHappening::CreditRefused),
        (Happening::CancelRequested, RealHappening::CancelRequested),
    ];
    for state in [OrderState::Pending, OrderState::Approved, OrderState::Rejected, OrderState::Cancelled] {
        for (happening, real_happening) in happenings {
            let same = match (answer(state, happening), real_answer(real(state).unwrap(), real_happening)) {
                (Answer::Becomes(model), RealAnswer::Becomes(code)) => real(model) == Some(code),
                (Answer::Already, RealAnswer::Already) => true,
                (Answer::Refused, code) => !matches!(code, RealAnswer::Becomes(_) | RealAnswer::Already),
                _ => false,
            };
            assert!(same, "{state:?}, {happening:?}");
        }
    }
}

fn customers_reserve_alike() {
    for (limit, reserved) in [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)] {
        for before in DECISIONS {
            let now = datetime!(2026-11-24 12:00 UTC);
            let code = customer(limit, reserved).reserve(real_decision(before), Money::new(1).unwrap(), now);
            let same = match (reserve(before, reserved, limit), code) {
                (Reserve::Reserved, RealReserve::Reserved(it)) => {
                    (it.reserved.minor_units(), it.version) == (u64::from(reserved) + 1, 1)
                }
                (Reserve::LimitExceeded, RealReserve::LimitExceeded) => true,
                (Reserve::AlreadyDecided, RealReserve::AlreadyDecided) => true,
                _ => false,
            };
            assert!(same, "{reserved} of {limit}, {before:?}");
        }
    }
}

fn customers_release_alike() {
    for before in DECISIONS {
        let now = datetime!(2026-11-24 12:00 UTC);
        let same = match (release(before), customer(2, 2).release(real_decision(before), now)) {
            (Release::Released, RealRelease::Released(it)) => {
                (it.reserved.minor_units(), it.version) == (1, 1)
            }
            (Release::NothingDecided, RealRelease::NothingDecided) => true,
            (Release::NothingToRelease, RealRelease::NothingToRelease) => true,
            _ => false,
        };
        assert!(same, "{before:?}");
    }
}
