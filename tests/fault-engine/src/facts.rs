//! What the laboratory knows of the domain: the states of an order and the kinds of events. Each is listed
//! once, here, and whoever judges has to say something of each: the compiler sees to it.

use std::fmt;

use serde::Deserialize;

/// The customer's credit limit in cents.
pub(crate) const LIMIT: i64 = 20_000;

/// The orders and their totals in cents. No total is the sum or difference of others, so that a change of
/// credit says which order it is for.
pub(crate) const ORDERS: [(char, i64); 5] =
    [('A', 6_100), ('B', 2_700), ('C', 25_000), ('D', 1_700), ('E', 4_300)];

/// The label of the order with this total.
pub(crate) fn label_of_total(total: i64) -> Option<char> {
    ORDERS.iter().find(|(_, amount)| *amount == total).map(|(label, _)| *label)
}

/// The states of an order, as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum State {
    Pending,
    Approved,
    Rejected,
    Cancelled,
}

impl State {
    /// The event that tells that an order came into this state.
    pub(crate) fn event(self) -> EventKind {
        match self {
            Self::Pending => EventKind::OrderCreated,
            Self::Approved => EventKind::OrderApproved,
            Self::Rejected => EventKind::OrderRejected,
            Self::Cancelled => EventKind::OrderCancelled,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// The kinds of events on the topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub(crate) enum EventKind {
    CustomerCreated,
    CustomerCreditReserved,
    CustomerCreditReservationFailed,
    CustomerValidationFailed,
    OrderCreated,
    OrderApproved,
    OrderRejected,
    OrderCancelled,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_that_nobody_knows_is_not_taken_for_another() {
        let state = |text: &str| serde_json::from_value::<State>(json!(text));
        assert_eq!(state("CANCELLED").unwrap(), State::Cancelled);
        assert!(state("SHIPPED").is_err());
    }
}
