//! The decisions of both services, as the model takes them. A test asks the real tables in `final/` the same questions.

use crate::tables::{Decision, OrderState};

/// What happens to an order (`Happening` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The total was reserved.
    CreditReserved,
    /// The total is over the credit.
    CreditRefused,
    /// The time within which it should have been decided is over.
    TimeIsUp,
    /// Somebody wants to cancel it.
    CancelRequested,
}

/// What it leads to (`Answer` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The order goes to this state.
    Becomes(OrderState),
    /// It has happened before.
    Already,
    /// It was decided on without it.
    TooLate,
    /// It cannot happen in this state.
    Refused,
}

/// What a request to reserve leads to (`Duty` after `News::OrderCreated`, and `Customer::reserve`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserve {
    /// The total is reserved.
    Reserved,
    /// It is over the credit.
    LimitExceeded,
    /// The order was decided on before.
    AlreadyDecided,
}

/// What a request to release leads to (`Duty` after `News::OrderCancelled` or `News::OrderRejected`).
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
pub fn answer(state: OrderState, happening: Happening) -> Answer {
    use Happening::{CancelRequested, CreditRefused, CreditReserved, TimeIsUp};
    use OrderState::{Approved, Cancelled, Pending, Rejected, TimedOut};
    match (state, happening) {
        (Pending, CreditReserved) => Answer::Becomes(Approved),
        (Pending, CreditRefused) => Answer::Becomes(Rejected),
        (Pending, TimeIsUp) => Answer::Becomes(TimedOut),
        (Approved, CancelRequested) => Answer::Becomes(Cancelled),
        (Approved | Cancelled, CreditReserved) | (Rejected, CreditRefused) => Answer::Already,
        (TimedOut, TimeIsUp) | (Cancelled, CancelRequested) => Answer::Already,
        (TimedOut, CreditReserved | CreditRefused) => Answer::TooLate,
        (Approved | Rejected | Cancelled, TimeIsUp) => Answer::TooLate,
        _ => Answer::Refused,
    }
}

/// `duty` in the domain of customers and `Customer::reserve`, for an order that costs 1.
pub fn reserve(before: Decision, reserved: u8, limit: u8) -> Reserve {
    match before {
        Decision::None if reserved < limit => Reserve::Reserved,
        Decision::None => Reserve::LimitExceeded,
        _ => Reserve::AlreadyDecided,
    }
}

/// `duty` in the domain of customers, of an order that was cancelled or given up.
pub fn release(before: Decision) -> Release {
    match before {
        Decision::None => Release::NothingDecided,
        Decision::Reserved => Release::Released,
        Decision::Refused | Decision::Released => Release::NothingToRelease,
    }
}
