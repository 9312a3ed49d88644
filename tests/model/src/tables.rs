//! What lies in the tables.

use std::hash::{Hash, Hasher};

use crate::names::Event;

/// An item of the orders table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderItem {
    /// Where the order stands.
    pub state: OrderState,
    /// 0 when created, one more with each change.
    pub version: u8,
}

/// Where an order stands (`State` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// It was not placed.
    Absent,
    /// Placed by a program with a planted defect that has not done all of it.
    HalfPlaced,
    /// Placed, not decided.
    Pending,
    /// Its total is reserved.
    Approved,
    /// Its total is over the credit.
    Rejected,
    /// Cancelled after it was approved.
    Cancelled,
}

/// The customer and its decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Customer {
    /// How much may be reserved.
    pub limit: u8,
    /// How much is.
    pub reserved: u8,
    /// 0 when created, one more with each change.
    pub version: u8,
    /// The decision items, by order.
    pub decisions: [Decision; 2],
}

/// A decision about an order (`Decision` in the domain of customers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// There is none.
    None,
    /// The total is reserved.
    Reserved,
    /// The order was over the limit.
    Refused,
    /// The order was cancelled.
    Released,
}

/// A message row of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The message; kept in the model when the row has expired.
    pub event: Option<Event>,
    /// What became of the row.
    pub status: Status,
    /// Whether the broker ever took it.
    pub published: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It was never written.
    Absent,
    /// It is in the pending index.
    Pending,
    /// It has left the pending index and has a time to live.
    Dispatched,
    /// Its time to live is over.
    Expired,
}

/// The head of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// How many sequences were dispatched: the first one that was not.
    pub watermark: u8,
    /// Whether the subject is set aside.
    pub parked: bool,
}

/// What the inbox of a consumer knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Nothing.
    Unknown,
    /// It was handled.
    Remembered,
    /// It was handled so long ago that the row has expired.
    Forgotten,
}

impl Row {
    /// Whether it was ever written.
    pub fn was_written(&self) -> bool {
        self.status != Status::Absent
    }
}

/// A fifth of the checker's time would go into hashing rows field by field.
impl Hash for Row {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let event = self.event.map_or(0, |event| 1 + 2 * event.kind as u8 + event.order as u8);
        hasher.write_u8(8 * event + 2 * self.status as u8 + u8::from(self.published));
    }
}
