//! Orders and the life they lead: rules without any thought of storage or messages.

mod life;

pub use life::{State, Transition, Trigger, transition};

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

/// The largest total, in minor units: the largest integer that every JSON parser keeps exactly (2^53 − 1).
pub const MAX_TOTAL: u64 = (1 << 53) - 1;

/// How long an order may be pending unless the service is told otherwise. A decision takes seconds. While the
/// customers service is down or its messages are being tried again it takes longer, and an order that is
/// given up too early is lost business; nobody waits for one that has been pending for an hour.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 60 * 60;

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

/// Why the customers service refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The total is over what is left of the customer's credit.
    OverLimit,
    /// There is no such customer.
    UnknownCustomer,
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Self; 2] = [Self::OverLimit, Self::UnknownCustomer];
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// Whose order it is.
    pub customer_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Why it was refused, if it was. Orders that were rejected before this was kept do not have it.
    pub refusal: Option<Refusal>,
    /// What it costs.
    pub total: Total,
    /// 0 when created, one more with each change.
    pub version: u64,
    /// When it was placed.
    pub created_at: OffsetDateTime,
    /// When it was changed last; not set before the first change.
    pub updated_at: Option<OffsetDateTime>,
    /// While it is pending: when its time is over.
    pub decide_by: Option<OffsetDateTime>,
    /// The conversation in which it was placed. Orders that were placed before this was kept do not have it.
    pub correlation_id: Option<Uuid>,
}

impl Order {
    /// When it became what it is.
    pub fn changed_at(&self) -> OffsetDateTime {
        self.updated_at.unwrap_or(self.created_at)
    }

    /// A new order, which somebody should decide on within this time. Whether the customer exists is not
    /// known here; that is what the customers service answers.
    pub fn new(id: Uuid, customer_id: Uuid, total: Total, now: OffsetDateTime, within: Duration) -> Self {
        Self {
            id,
            customer_id,
            state: State::Pending,
            refusal: None,
            total,
            version: 0,
            created_at: now,
            updated_at: None,
            decide_by: Some(now + within),
            correlation_id: None,
        }
    }

    /// The same order in another state. None leads back to where it was pending.
    #[must_use]
    pub fn becomes(&self, state: State, now: OffsetDateTime) -> Self {
        Self { state, version: self.version + 1, updated_at: Some(now), decide_by: None, ..self.clone() }
    }

    /// Whether it is pending and its time is over.
    pub fn is_overdue(&self, now: OffsetDateTime) -> bool {
        self.decide_by.is_some_and(|time| time <= now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    proptest! {
        #[test]
        fn totals_are_exact_up_to_their_limit(minor_units: u64) {
            prop_assert_eq!(Total::new(minor_units).is_ok(), minor_units <= MAX_TOTAL);
        }
    }

    fn order(now: OffsetDateTime) -> Order {
        let (id, customer) = (Uuid::from_u128(1), Uuid::from_u128(2));
        Order::new(id, customer, Total(5), now, Duration::from_secs(60))
    }

    #[test]
    fn a_change_is_counted_and_dated() {
        let now = datetime!(2026-11-23 12:00 UTC);
        let order = order(now).becomes(State::Approved, now);
        assert_eq!((order.version, order.updated_at), (1, Some(now)));
    }

    #[test]
    fn an_order_is_overdue_from_its_time_on_and_only_while_it_is_pending() {
        let now = datetime!(2026-11-23 12:00 UTC);
        let (before, at) = (now + Duration::from_secs(59), now + Duration::from_secs(60));
        assert_eq!([before, at].map(|time| order(now).is_overdue(time)), [false, true]);
        assert!(!order(now).becomes(State::Approved, before).is_overdue(at));
    }
}
