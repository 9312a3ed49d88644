//! What lies in the tables.

use crate::names::Event;

/// An item of the orders table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderItem {
    /// Where the order stands.
    pub state: OrderState,
    /// 0 when created, one more with each change.
    pub version: u8,
}

/// Where an order stands (`State` in the domain of orders).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OrderState {
    /// It was not placed.
    #[default]
    Absent,
    /// Placed by a program with a planted defect that has not done all of it.
    HalfPlaced,
    /// Placed, not decided.
    Pending,
    /// Its total is reserved.
    Approved,
    /// Its total is over the credit.
    Rejected,
    /// Nobody had decided in time.
    TimedOut,
    /// Cancelled after it was approved.
    Cancelled,
}

/// The customer item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// How much may be reserved.
    pub limit: u8,
    /// How much is.
    pub reserved: u8,
    /// 0 when created, one more with each change.
    pub version: u8,
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
    /// The message; kept in the model when the row is gone.
    pub event: Option<Event>,
    /// What became of the row.
    pub status: Status,
    /// Whether the broker ever took it.
    pub published: bool,
    /// Whether it is marked as one that cannot be sent as it is.
    pub parked: bool,
    /// Whether a transaction that will be cancelled holds its place: it wanted to write what another has
    /// written before.
    pub held: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was never written.
    Absent,
    /// Its transaction is decided; the row cannot be seen yet.
    Hidden,
    /// It is in the outbox: it has not been sent, or nobody has deleted it yet.
    Here,
    /// It was deleted.
    Gone,
}

/// What the inbox of a consumer knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Nothing.
    Unknown,
    /// It was handled.
    Remembered,
    /// It was handled so long ago that the row has expired.
    Forgotten,
}

impl Row {
    pub(crate) const NONE: Self =
        Self { event: None, status: Status::Absent, published: false, parked: false, held: false };

    /// Whether it was ever written.
    pub fn was_written(&self) -> bool {
        self.status != Status::Absent
    }

    /// Whether a transaction has hold of it, so that `TransactGetItems` is refused with a conflict.
    pub fn is_locked(&self) -> bool {
        self.status == Status::Hidden || self.held
    }
}
