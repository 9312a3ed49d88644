//! What the customer decided about one order: one table that says what each message about the order means after each decision.

use super::Money;

/// The customer's decision about one order, kept for good: it makes every later message about the same order harmless, even long
/// after the inbox has forgotten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// So much of the credit is reserved for the order.
    Reserved(Money),
    /// The order was over the available credit, or there was no such customer.
    Refused,
    /// The order has ended; nothing is reserved for it, and nothing ever will be.
    Released,
}

/// What the customer is told about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// It was placed.
    OrderCreated,
    /// It was cancelled.
    OrderCancelled,
    /// It was rejected: because the customer refused, or because nobody had decided in time.
    OrderRejected,
}

/// What news of an order leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Decide: reserve the order's total, or refuse.
    Decide,
    /// Give back what is reserved, and remember that the order has ended.
    GiveBack(Money),
    /// Remember that the order has ended, so that news of its beginning, which was overtaken, reserves nothing.
    NeverReserve,
    /// Nothing: it was decided before.
    Nothing,
}

impl News {
    /// All news.
    pub const ALL: [Self; 3] = [Self::OrderCreated, Self::OrderCancelled, Self::OrderRejected];
}

/// All that can happen between a customer and one order; `before` is what was decided until now. Each pair has exactly one answer:
#[doc = ""]
#[doc = include_str!("decision.md")]
// ANCHOR: duty
pub const fn duty(before: Option<Decision>, news: News) -> Duty {
    use Decision::{Refused, Released, Reserved};
    use News::{OrderCancelled, OrderCreated, OrderRejected};
    match (before, news) {
        (None, OrderCreated) => Duty::Decide,
        (None, OrderCancelled | OrderRejected) => Duty::NeverReserve,
        (Some(Reserved(_)), OrderCreated) => Duty::Nothing,
        (Some(Reserved(amount)), OrderCancelled | OrderRejected) => Duty::GiveBack(amount),
        (Some(Refused | Released), OrderCreated | OrderCancelled | OrderRejected) => Duty::Nothing,
    }
}
// ANCHOR_END: duty

#[cfg(test)]
mod tests;
