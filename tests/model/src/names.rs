//! The words of the model: orders, events, subjects, consumers, and their numbers in the arrays of a state.

/// One of the two orders. Each costs 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// The first.
    A,
    /// The second.
    B,
}

/// What a message tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `OrderCreated`
    Created,
    /// `OrderApproved`
    Approved,
    /// `OrderRejected`, because the customers service refused.
    Rejected,
    /// `OrderRejected`, because nobody had decided in time.
    GivenUp,
    /// `OrderCancelled`
    Cancelled,
    /// `CustomerCreditReserved`
    Reserved,
    /// `CustomerCreditReservationFailed`
    Refused,
    /// No part of `final/`: a second row of the commit that approves, which nobody consumes.
    Receipt,
}

/// A message as the outbox holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// What it tells of.
    pub kind: Kind,
    /// The order that it is about.
    pub order: Order,
}

/// Whose messages keep their order: an aggregate, or one decision about it (`Subject` in `message.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An order, in the outbox of the orders service.
    Order(Order),
    /// The customer, in the outbox of the customers service.
    Customer,
    /// A refusal, which leaves the customer as it is: `customer/…/order/…`.
    Refusal(Order),
}

/// Who takes messages from a queue of its own. The name is part of the inbox key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consumer {
    /// `Customers::reserve_credit`, of `Created`.
    ReserveCredit,
    /// `Customers::release_credit`, of `Cancelled`.
    ReleaseCredit,
    /// `Customers::settle_rejection`, of `GivenUp`. Of a rejection that the customers service caused it has
    /// nothing to do.
    GiveBack,
    /// `Orders::approve`, of `Reserved`.
    Approve,
    /// `Orders::reject_over_limit`, of `Refused`.
    Reject,
    /// A second consumer of `Created` in the customers service, whose effect is to count: nothing but the
    /// inbox guards it.
    Tally,
}

/// A message in the queue of a consumer. All copies of it have one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Whose queue it is in.
    pub consumer: Consumer,
    /// The order that it is about.
    pub order: Order,
}

impl Order {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl Event {
    pub(crate) fn new(kind: Kind, order: Order) -> Self {
        Self { kind, order }
    }
}

impl Subject {
    /// All.
    pub const ALL: [Self; 5] = [
        Self::Order(Order::A),
        Self::Order(Order::B),
        Self::Customer,
        Self::Refusal(Order::A),
        Self::Refusal(Order::B),
    ];
    /// How many rows the model has room for, all subjects together.
    pub(crate) const ROWS: usize = 17;

    pub(crate) fn index(self) -> usize {
        match self {
            Self::Order(order) => order.index(),
            Self::Customer => 2,
            Self::Refusal(order) => 3 + order.index(),
        }
    }

    /// Where its rows lie. A sound protocol needs four for an order (its versions 0 to 2, and the receipt)
    /// and four for the customer (its versions 1 to 4); one more is room for what a defect does.
    pub(crate) fn rows(self) -> std::ops::Range<usize> {
        match self {
            Self::Order(Order::A) => 0..5,
            Self::Order(Order::B) => 5..10,
            Self::Customer => 10..15,
            Self::Refusal(Order::A) => 15..16,
            Self::Refusal(Order::B) => 16..17,
        }
    }
}

impl Consumer {
    const ALL: [Self; 6] =
        [Self::ReserveCredit, Self::ReleaseCredit, Self::GiveBack, Self::Approve, Self::Reject, Self::Tally];

    /// The kind of message on its queue.
    pub fn takes(self) -> Kind {
        match self {
            Self::ReserveCredit | Self::Tally => Kind::Created,
            Self::ReleaseCredit => Kind::Cancelled,
            Self::GiveBack => Kind::GivenUp,
            Self::Approve => Kind::Reserved,
            Self::Reject => Kind::Refused,
        }
    }
}

impl Message {
    /// How many there are.
    pub(crate) const COUNT: usize = 12;

    pub(crate) fn new(consumer: Consumer, order: Order) -> Self {
        Self { consumer, order }
    }

    pub(crate) fn index(self) -> usize {
        self.consumer as usize * 2 + self.order.index()
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Consumer::ALL
            .into_iter()
            .flat_map(|consumer| Order::ALL.into_iter().map(move |order| Self::new(consumer, order)))
    }

    /// What it tells of.
    pub fn event(self) -> Event {
        Event::new(self.consumer.takes(), self.order)
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "order {self:?}")
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}({:?})", self.kind, self.order)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order(order) => write!(f, "order {order:?}"),
            Self::Customer => f.write_str("the customer"),
            Self::Refusal(order) => write!(f, "the refusal of order {order:?}"),
        }
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} for {:?}", self.event(), self.consumer)
    }
}

/// An item of a transaction that is not wholly visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An order.
    Order(Order),
    /// The customer.
    Customer,
    /// A decision.
    Decision(Order),
    /// A row of an outbox.
    Row(Subject, u8),
}
