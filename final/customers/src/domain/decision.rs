//! What the customer decided about one order: one table that says what each message about the order means
//! after each decision.

use super::Money;

/// The customer's decision about one order, kept for good: it makes every later message about the same order
/// harmless, even long after the inbox has forgotten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// So much of the credit is reserved for the order.
    Reserved(Money),
    /// The order was over the available credit, or there was no such customer.
    Refused,
    /// The order has ended; nothing is reserved for it, and nothing ever will be.
    Released,
}

/// What the customer hears of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderEvent {
    /// It was placed.
    OrderCreated,
    /// It was cancelled.
    OrderCancelled,
    /// It was rejected: because the customer refused, or because nobody had decided in time.
    OrderRejected,
}

/// What an event of an order leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditAction {
    /// Decide: reserve the order's total, or refuse.
    Decide,
    /// Give back what is reserved, and remember that the order has ended.
    GiveBack(Money),
    /// Remember that the order has ended: the event of its beginning was overtaken, and reserves nothing when
    /// it comes.
    NeverReserve,
    /// Nothing: it was decided before.
    Nothing,
}

impl OrderEvent {
    /// All events.
    pub const ALL: [Self; 3] = [Self::OrderCreated, Self::OrderCancelled, Self::OrderRejected];
}

/// All that can happen between a customer and one order; `before` is what was decided until now. Each pair
/// has exactly one action:
#[doc = ""]
#[doc = include_str!("decision.md")]
// ANCHOR: duty
pub const fn credit_action(before: Option<Decision>, event: OrderEvent) -> CreditAction {
    use Decision::{Refused, Released, Reserved};
    use OrderEvent::{OrderCancelled, OrderCreated, OrderRejected};
    match (before, event) {
        (None, OrderCreated) => CreditAction::Decide,
        (None, OrderCancelled | OrderRejected) => CreditAction::NeverReserve,
        (Some(Reserved(_)), OrderCreated) => CreditAction::Nothing,
        (Some(Reserved(amount)), OrderCancelled | OrderRejected) => CreditAction::GiveBack(amount),
        (Some(Refused | Released), OrderCreated | OrderCancelled | OrderRejected) => CreditAction::Nothing,
    }
}
// ANCHOR_END: duty

#[cfg(test)]
mod tests;
