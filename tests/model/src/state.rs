//! Everything there is at one moment: tables, stream, queues, and what is being worked on.

use crate::{
    names::{Event, Message, Order, Subject},
    tables::{Customer, Decision, Memory, OrderItem, OrderState, Row, Status},
    work::{Handler, Relay},
};

/// One state of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The orders table.
    pub orders: [OrderItem; 2],
    /// The customers table: the customer.
    pub customer: Customer,
    /// The customers table: the decision items, by order.
    pub decisions: [Decision; 2],
    /// What readers still see of the items above that belong to a transaction which is not wholly visible.
    pub before: Before,
    /// The rows of both outboxes; see [`Subject::rows`](crate::names::Subject).
    pub rows: [Row; Subject::ROWS],
    /// Stream records that were not acknowledged, a bit for each row of a subject. They come in any order.
    pub records: [u8; 5],
    /// The row that the broker never takes, until an operator has repaired what is wrong.
    pub poison: Option<(Subject, u8)>,
    /// Visible copies in the queues. A standard queue hands out any of them next, so a count is all there is
    /// to know.
    pub visible: [u8; Message::COUNT],
    /// Copies in the dead-letter queues.
    pub dead: [u8; Message::COUNT],
    /// The inboxes.
    pub inbox: [Memory; Message::COUNT],
    /// Calls of the relay that are under way. Sorted: which of them is which does not matter.
    pub relays: [Relay; 2],
    /// Messages that are being handled. Sorted, likewise.
    pub handlers: [Handler; 2],
    /// How many faults may still happen.
    pub faults_left: u8,
    /// What no part of the system stores, but the properties need.
    pub ghost: Ghost,
}

/// Items as they were, for as long as nothing else can be seen. What is not half visible has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The orders.
    pub orders: [Option<OrderItem>; 2],
    /// The customer.
    pub customer: Option<Customer>,
    /// The decisions.
    pub decisions: [Option<Decision>; 2],
}

/// What only the properties look at. In a sound protocol most of it follows from the rest of the state, so it
/// adds few states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ghost {
    /// How often the total of each order was reserved.
    pub reserved: [u8; 2],
    /// How often it was released.
    pub released: [u8; 2],
    /// How often it was counted.
    pub tallied: [u8; 2],
    /// An order was refused that was within the credit at this moment.
    pub unjust_refusal: bool,
    /// A relay sent what it could have known to be gone.
    pub sent_again: bool,
    /// A message was dead-lettered for what it says, though nothing but sound programs wrote it.
    pub wrongly_buried: bool,
}

impl State {
    pub(crate) fn start(limit: u8, faults: u8) -> Self {
        Self {
            orders: [OrderItem { state: OrderState::Absent, version: 0 }; 2],
            customer: Customer { limit, reserved: 0, version: 0 },
            decisions: [Decision::None; 2],
            before: Before::default(),
            rows: [Row::NONE; Subject::ROWS],
            records: [0; 5],
            poison: None,
            visible: [0; Message::COUNT],
            dead: [0; Message::COUNT],
            inbox: [Memory::Unknown; Message::COUNT],
            relays: [Relay::Idle; 2],
            handlers: [Handler::Idle; 2],
            faults_left: faults,
            ghost: Ghost::default(),
        }
    }

    /// The rows of a subject in their sequence.
    pub fn rows_of(&self, subject: Subject) -> &[Row] {
        &self.rows[subject.rows()]
    }

    pub(crate) fn row(&self, subject: Subject, sequence: u8) -> &Row {
        &self.rows[subject.rows().start + usize::from(sequence)]
    }

    pub(crate) fn row_mut(&mut self, subject: Subject, sequence: u8) -> &mut Row {
        &mut self.rows[subject.rows().start + usize::from(sequence)]
    }

    /// The rows of a subject of which `which` is true, a bit for each.
    pub(crate) fn rows_where(&self, subject: Subject, which: impl Fn(&Row) -> bool) -> u8 {
        self.rows_of(subject).iter().rev().fold(0, |bits, row| bits << 1 | u8::from(which(row)))
    }

    /// The order as it is committed. Readers see [`Self::seen_order`].
    pub(crate) fn order(&self, order: Order) -> OrderItem {
        self.orders[order.index()]
    }

    /// The decision as it is committed. Readers see [`Self::seen_decision`].
    pub(crate) fn decision(&self, order: Order) -> Decision {
        self.decisions[order.index()]
    }

    pub(crate) fn memory(&self, message: Message) -> Memory {
        self.inbox[message.index()]
    }

    /// Whether a copy of the message is being handled.
    pub(crate) fn in_work(&self, message: Message) -> bool {
        self.handlers.iter().any(|handler| matches!(handler, Handler::At(at, _) if *at == message))
    }

    /// The row's `Predecessor`: the last message of the subject that was stored before it.
    pub(crate) fn predecessor(&self, subject: Subject, sequence: u8) -> Option<u8> {
        (0..sequence).rev().find(|earlier| self.row(subject, *earlier).was_written())
    }

    /// Stores a message with the sequence `sequence`: the row and, by the stream, the news of it. `false`,
    /// and nothing, when there is a row with this sequence. One that was sent and deleted is no obstacle: the
    /// version of the aggregate must be.
    pub(crate) fn store(&mut self, subject: Subject, sequence: u8, event: Event) -> bool {
        match self.rows[subject.rows()].get_mut(usize::from(sequence)) {
            Some(row) if matches!(row.status, Status::Absent | Status::Gone) => {
                *row = Row { event: Some(event), status: Status::Here, ..Row::NONE };
                self.records[subject.index()] |= 1 << sequence;
                true
            }
            _ => false,
        }
    }
}
