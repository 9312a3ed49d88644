//! The decisions of both services, as the model takes them. A test asks the real tables in `final/` the same
//! questions.

use crate::tables::{Decision, OrderState};

/// What happens to an order (`Trigger` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The total was reserved.
    CreditReserved,
    /// The total is over the credit.
    CreditRefused,
    /// The time within which it should have been decided is over.
    TimeIsUp,
    /// Somebody wants to cancel it.
    CancelRequested,
}

/// What it leads to (`Transition` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The order goes to this state.
    Becomes(OrderState),
    /// It has happened before.
    Already,
    /// It was decided on without it.
    TooLate,
    /// It cannot happen in this state.
    Refused,
}

/// What a request to reserve leads to (`CreditAction` after `OrderEvent::OrderCreated`, and
/// `Customer::reserve`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserve {
    /// The total is reserved.
    Reserved,
    /// It is over the credit.
    LimitExceeded,
    /// The order was decided on before.
    AlreadyDecided,
}

/// What a request to release leads to (`CreditAction` after `OrderEvent::OrderCancelled` or
/// `OrderEvent::OrderRejected`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The credit is free again.
    Released,
    /// Nothing was decided yet, and nothing will be.
    NothingDecided,
    /// Nothing is reserved any more.
    NothingToRelease,
}

/// `answer` in the domain of orders.
pub fn transition(state: OrderState, trigger: Trigger) -> Transition {
    use OrderState::{Approved, Cancelled, Pending, Rejected, TimedOut};
    use Trigger::{CancelRequested, CreditRefused, CreditReserved, TimeIsUp};
    match (state, trigger) {
        (Pending, CreditReserved) => Transition::Becomes(Approved),
        (Pending, CreditRefused) => Transition::Becomes(Rejected),
        (Pending, TimeIsUp) => Transition::Becomes(TimedOut),
        (Approved, CancelRequested) => Transition::Becomes(Cancelled),
        (Approved | Cancelled, CreditReserved) | (Rejected, CreditRefused) => Transition::Already,
        (TimedOut, TimeIsUp) | (Cancelled, CancelRequested) => Transition::Already,
        (TimedOut, CreditReserved | CreditRefused) => Transition::TooLate,
        (Approved | Rejected | Cancelled, TimeIsUp) => Transition::TooLate,
        _ => Transition::Refused,
    }
}

/// `credit_action` in the domain of customers and `Customer::reserve`, for an order that costs 1.
pub fn reserve(before: Decision, reserved: u8, limit: u8) -> Reserve {
    match before {
        Decision::None if reserved < limit => Reserve::Reserved,
        Decision::None => Reserve::LimitExceeded,
        _ => Reserve::AlreadyDecided,
    }
}

/// `credit_action` in the domain of customers, of an order that was cancelled or given up.
pub fn release(before: Decision) -> Release {
    match before {
        Decision::None => Release::NothingDecided,
        Decision::Reserved => Release::Released,
        Decision::Refused | Decision::Released => Release::NothingToRelease,
    }
}
