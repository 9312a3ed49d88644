//! Orders and the life they lead: rules without any thought of storage or messages.

use time::OffsetDateTime;
use uuid::Uuid;

/// The largest total, in minor units: the largest integer that every JSON parser keeps exactly (2^53 − 1).
pub const MAX_TOTAL: u64 = (1 << 53) - 1;

/// An order's total in minor units (cents), from 0 to [`MAX_TOTAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total(u64);

/// A number is no [`Total`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a total is a whole number of minor units from 0 to {MAX_TOTAL}")]
pub struct TotalOutOfRange;

impl Total {
    /// A total of so many minor units.
    ///
    /// # Errors
    ///
    /// [`TotalOutOfRange`] over [`MAX_TOTAL`].
    pub fn new(minor_units: u64) -> Result<Self, TotalOutOfRange> {
        if minor_units <= MAX_TOTAL { Ok(Self(minor_units)) } else { Err(TotalOutOfRange) }
    }

    /// The total in minor units.
    pub fn minor_units(self) -> u64 {
        self.0
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Placed; the customers service has not decided yet.
    Pending,
    /// Its total is reserved from the customer's credit.
    Approved,
    /// Its total is over the customer's credit, or there is no such customer. Final.
    Rejected,
    /// Cancelled after it was approved. Final.
    Cancelled,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// The customers service reserved the total.
    CreditReserved,
    /// The customers service refused: over the limit, or no such customer.
    CreditRefused,
    /// Somebody wants to cancel the order.
    CancelRequested,
}

/// What a happening leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The order goes to this state.
    Becomes(State),
    /// It has happened before; nothing changes.
    Already,
    /// It contradicts what happened before: nobody can be sure what is right. Nothing changes.
    Contradiction,
    /// Not now: the customers service has not decided yet.
    StillPending,
    /// A rejected order has nothing that could be cancelled.
    WasRejected,
}

// ANCHOR: answer
/// The whole life of an order in one table: each state and happening has exactly one answer.
pub fn answer(state: State, happening: Happening) -> Answer {
    use Happening::{CancelRequested, CreditRefused, CreditReserved};
    use State::{Approved, Cancelled, Pending, Rejected};
    match (state, happening) {
        (Pending, CreditReserved) => Answer::Becomes(Approved),
        (Pending, CreditRefused) => Answer::Becomes(Rejected),
        (Pending, CancelRequested) => Answer::StillPending,
        (Approved, CreditReserved) => Answer::Already,
        (Approved, CreditRefused) => Answer::Contradiction,
        (Approved, CancelRequested) => Answer::Becomes(Cancelled),
        (Rejected, CreditReserved) => Answer::Contradiction,
        (Rejected, CreditRefused) => Answer::Already,
        (Rejected, CancelRequested) => Answer::WasRejected,
        (Cancelled, CreditReserved) => Answer::Already,
        (Cancelled, CreditRefused) => Answer::Contradiction,
        (Cancelled, CancelRequested) => Answer::Already,
    }
}
// ANCHOR_END: answer

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// Whose order it is.
    pub customer_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What it costs.
    pub total: Total,
    /// 0 when created, one more with each change.
    pub version: u64,
    /// When it was placed.
    pub created_at: OffsetDateTime,
    /// When it was changed last; not set before the first change.
    pub updated_at: Option<OffsetDateTime>,
}

impl Order {
    /// A new order. Whether the customer exists is not known here; that is what the customers service answers.
    pub fn new(id: Uuid, customer_id: Uuid, total: Total, now: OffsetDateTime) -> Self {
        Self { id, customer_id, state: State::Pending, total, version: 0, created_at: now, updated_at: None }
    }

    /// The same order in another state.
    #[must_use]
    pub fn becomes(&self, state: State, now: OffsetDateTime) -> Self {
        Self { state, version: self.version + 1, updated_at: Some(now), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const HAPPENINGS: [Happening; 3] =
        [Happening::CreditReserved, Happening::CreditRefused, Happening::CancelRequested];

    fn life(happenings: &[Happening]) -> Vec<State> {
        let mut states = vec![State::Pending];
        for happening in happenings {
            if let Some(state) = states.last().copied()
                && let Answer::Becomes(next) = answer(state, *happening)
            {
                states.push(next);
            }
        }
        states
    }

    proptest! {
        /// Whatever happens, how often and in what order: an order leads one of these lives or the beginning of one.
        #[test]
        fn there_are_two_lives(happenings in prop::collection::vec(prop::sample::select(&HAPPENINGS), 0..12)) {
            let lives = [
                [State::Pending, State::Approved, State::Cancelled].as_slice(),
                [State::Pending, State::Rejected].as_slice(),
            ];
            let life = life(&happenings);
            prop_assert!(lives.iter().any(|whole| whole.starts_with(&life)), "{life:?}");
        }

        /// A repeated happening is always harmless.
        #[test]
        fn twice_is_as_good_as_once(happenings in prop::collection::vec(prop::sample::select(&HAPPENINGS), 0..8), happening in prop::sample::select(&HAPPENINGS)) {
            let once = [happenings.as_slice(), &[happening]].concat();
            let twice = [once.as_slice(), &[happening]].concat();
            prop_assert_eq!(life(&once), life(&twice));
        }

        #[test]
        fn totals_are_exact_up_to_their_limit(minor_units: u64) {
            prop_assert_eq!(Total::new(minor_units).is_ok(), minor_units <= MAX_TOTAL);
        }
    }

    #[test]
    fn a_decision_is_never_overwritten_by_its_opposite() {
        assert_eq!(answer(State::Approved, Happening::CreditRefused), Answer::Contradiction);
        assert_eq!(answer(State::Cancelled, Happening::CreditRefused), Answer::Contradiction);
        assert_eq!(answer(State::Rejected, Happening::CreditReserved), Answer::Contradiction);
    }

    #[test]
    fn a_change_is_counted_and_dated() {
        let now = datetime!(2026-11-23 12:00 UTC);
        let order =
            Order::new(Uuid::from_u128(1), Uuid::from_u128(2), Total(5), now).becomes(State::Approved, now);
        assert_eq!((order.version, order.updated_at), (1, Some(now)));
    }
}
