//! The life of an order: one table that says what each trigger means in each state.

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Placed; the customers service has not decided yet.
    Pending,
    /// Its total is reserved from the customer's credit.
    Approved,
    /// Its total is over the customer's credit, or there is no such customer. Final.
    Rejected,
    /// Rejected because nobody had decided in time; others see it as rejected, with a reason. Final.
    TimedOut,
    /// Cancelled after it was approved. Final.
    Cancelled,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The customers service reserved the total.
    CreditReserved,
    /// The customers service refused: over the limit, or no such customer.
    CreditRefused,
    /// The time within which the customers service should have decided is over.
    TimeIsUp,
    /// Somebody wants to cancel the order.
    CancelRequested,
}

/// What a trigger leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The order goes to this state.
    Becomes(State),
    /// It has happened before; nothing changes.
    Already,
    /// The order was decided on without it; nothing changes.
    TooLate,
    /// It contradicts what happened before: nobody can be sure what is right. Nothing changes.
    Contradiction,
    /// Not now: the customers service has not decided yet.
    StillPending,
    /// A rejected order has nothing that could be cancelled.
    WasRejected,
}

impl State {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Approved, Self::Rejected, Self::TimedOut, Self::Cancelled];
}

impl Trigger {
    /// All triggers.
    pub const ALL: [Self; 4] =
        [Self::CreditReserved, Self::CreditRefused, Self::TimeIsUp, Self::CancelRequested];
}

// ANCHOR: answer
/// The whole life of an order. Each state and trigger has exactly one transition:
#[doc = ""]
#[doc = include_str!("life.md")]
pub const fn transition(state: State, trigger: Trigger) -> Transition {
    use State::{Approved, Cancelled, Pending, Rejected, TimedOut};
    use Transition::{Already, Becomes, Contradiction, StillPending, TooLate, WasRejected};
    use Trigger::{CancelRequested, CreditRefused, CreditReserved, TimeIsUp};
    match (state, trigger) {
        (Pending, CreditReserved) => Becomes(Approved),
        (Pending, CreditRefused) => Becomes(Rejected),
        (Pending, TimeIsUp) => Becomes(TimedOut),
        (Pending, CancelRequested) => StillPending,
        (Approved, CreditReserved) => Already,
        (Approved, CreditRefused) => Contradiction,
        (Approved, TimeIsUp) => TooLate,
        (Approved, CancelRequested) => Becomes(Cancelled),
        (Rejected, CreditReserved) => Contradiction,
        (Rejected, CreditRefused) => Already,
        (Rejected, TimeIsUp) => TooLate,
        (Rejected, CancelRequested) => WasRejected,
        // The event that told of the rejection makes the customers service give back what it reserved late.
        (TimedOut, CreditReserved | CreditRefused) => TooLate,
        (TimedOut, TimeIsUp) => Already,
        (TimedOut, CancelRequested) => WasRejected,
        (Cancelled, CreditReserved) => Already,
        (Cancelled, CreditRefused) => Contradiction,
        (Cancelled, TimeIsUp) => TooLate,
        (Cancelled, CancelRequested) => Already,
    }
}
// ANCHOR_END: answer

#[cfg(test)]
mod tests;
