//! A state packed into few words for the checker's hash, which would take a fifth of its time field by field.
//!
//! No two states are packed alike: each field has its own bits, enough for all its values.

use std::hash::{Hash, Hasher};

use crate::{
    names::Subject,
    state::{Before, Ghost, State},
    tables::{Customer, OrderItem, Row},
    work::{Grounds, Handler, Relay, Run, Step, Then, Work},
};

/// Bits that are handed on 64 at a time.
struct Words<'a, H> {
    to: &'a mut H,
    word: u64,
    used: u32,
}

impl<H: Hasher> Words<'_, H> {
    fn add(&mut self, value: impl Into<u64>, bits: u32) {
        let value = value.into();
        debug_assert!(value < 1 << bits, "{value} has more than {bits} bits");
        if self.used + bits > u64::BITS {
            self.flush();
        }
        self.word |= value << self.used;
        self.used += bits;
    }

    fn flush(&mut self) {
        self.to.write_u64(self.word);
        (self.word, self.used) = (0, 0);
    }

    fn row(&mut self, row: &Row) {
        let event = row.event.map_or(0, |event| 1 + 2 * event.kind as u8 + event.order as u8);
        self.add(event, 5);
        self.add(row.status as u8, 2);
        self.add(u8::from(row.published) << 2 | u8::from(row.parked) << 1 | u8::from(row.held), 3);
    }

    fn order(&mut self, order: OrderItem) {
        self.add(order.state as u8, 3);
        self.add(order.version, 3);
    }

    fn customer(&mut self, customer: Customer) {
        self.add(customer.limit << 2 | customer.reserved, 4);
        self.add(customer.version, 4);
    }

    fn before(&mut self, before: &Before) {
        for order in before.orders {
            self.add(order.is_some(), 1);
            self.order(order.unwrap_or_default());
        }
        self.add(before.customer.is_some(), 1);
        self.customer(before.customer.unwrap_or_default());
        for decision in before.decisions {
            self.add(decision.map_or(0, |decision| 1 + decision as u8), 3);
        }
    }

    fn relay(&mut self, relay: Relay) {
        let Relay::At(Run { subject, step, seen, ever, sent, records }) = relay else {
            return self.add(0u8, 4);
        };
        let step = match step {
            Step::Reading => 1,
            Step::Querying => 2,
            Step::Asking => 3,
            Step::Sending => 4,
            Step::Deleting(Then::Acknowledge) => 5,
            Step::Deleting(Then::Fail) => 6,
            Step::Deleting(Then::Park) => 7,
            Step::Parking => 8,
            Step::Done => 9,
            Step::Stuck => 10u8,
        };
        self.add(step, 4);
        self.add(subject.index() as u64, 3);
        for rows in [seen, ever, sent, records] {
            self.add(rows, 5);
        }
    }

    fn handler(&mut self, handler: Handler) {
        let Handler::At(message, work) = handler else { return self.add(0u8, 3) };
        let (step, grounds) = match work {
            Work::DecisionRead(decision) => (1u8, Grounds::Customer(decision, 0, 0)),
            Work::Ready(grounds) => (2, grounds),
            Work::Half(grounds) => (3, grounds),
            Work::Handled => (4, Grounds::Nothing),
            Work::Burying => (5, Grounds::Nothing),
            Work::Buried => (6, Grounds::Nothing),
        };
        self.add(step, 3);
        self.add(message.index() as u64, 4);
        match grounds {
            Grounds::Nothing => self.add(0u8, 2),
            Grounds::Customer(decision, version, reserved) => {
                self.add(1u8, 2);
                self.add(decision as u8, 2);
                self.add(version, 4);
                self.add(reserved, 2);
            }
            Grounds::Order(state, version) => {
                self.add(2u8, 2);
                self.add(state as u8, 3);
                self.add(version, 3);
            }
        }
    }

    fn ghost(&mut self, ghost: &Ghost) {
        for count in [ghost.reserved, ghost.released, ghost.tallied].iter().flatten() {
            self.add(*count, 3);
        }
        for flag in [ghost.unjust_refusal, ghost.sent_again, ghost.wrongly_buried] {
            self.add(flag, 1);
        }
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut words = Words { to: hasher, word: 0, used: 0 };
        self.orders.into_iter().for_each(|order| words.order(order));
        words.customer(self.customer);
        self.decisions.into_iter().for_each(|decision| words.add(decision as u8, 2));
        words.before(&self.before);
        self.rows.iter().for_each(|row| words.row(row));
        self.records.into_iter().for_each(|records| words.add(records, 5));
        let poison = self.poison.map_or(0, |(subject, row)| 1 + (subject.rows().start as u8 + row));
        words.add(poison, 5);
        self.visible.into_iter().for_each(|copies| words.add(copies, 4));
        self.dead.into_iter().for_each(|copies| words.add(copies, 3));
        self.inbox.into_iter().for_each(|memory| words.add(memory as u8, 2));
        self.relays.into_iter().for_each(|relay| words.relay(relay));
        self.handlers.into_iter().for_each(|handler| words.handler(handler));
        words.add(self.faults_left, 3);
        words.ghost(&self.ghost);
        words.flush();
    }
}

// Five bits hold the rows of any subject, and a row's number among all of them.
const _: () = assert!(Subject::ROWS < 31);
