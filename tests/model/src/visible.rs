//! How a transaction becomes visible: item by item, in any order.
//!
//! DynamoDB decides a transaction as a whole and applies it to one item after another. Until an item's turn
//! has come, who reads it alone sees what it was, who writes it is refused with a conflict, and so is
//! `TransactGetItems`. Nothing says how long that takes: a coordinator may have died.
//!
//! | step | what it stands for |
//! |---|---|
//! | [`Fault::ItemByItem`](crate::Fault::ItemByItem), or any commit within [`Bounds::item_by_item`](crate::Bounds) | the transaction is decided, and none of its items shows it |
//! | [`Action::Show`](crate::Action::Show) | one item shows it; a row of an outbox has its stream record from then on |
//! | [`Fault::Held`](crate::Fault::Held) | a transaction that will be cancelled has hold of an item; nothing changes |
//! | [`Action::LetGo`](crate::Action::LetGo) | it is cancelled |
//!
//! Inbox rows are visible at once: no decision rests on a read of them. A commit that meets one half-visible
//! waits as it does at any conflict.

use crate::{
    Action, Event,
    names::{Item, Order, Subject},
    protocol::Protocol,
    state::{Before, State},
    tables::{Customer, Decision, OrderItem, Status},
    work::{Relay, Step},
};

impl State {
    /// The order as a reader sees it.
    pub(crate) fn seen_order(&self, order: Order) -> OrderItem {
        self.before.orders[order.index()].unwrap_or(self.orders[order.index()])
    }

    /// The customer as a reader sees it.
    pub(crate) fn seen_customer(&self) -> Customer {
        self.before.customer.unwrap_or(self.customer)
    }

    /// The decision as a reader sees it.
    pub(crate) fn seen_decision(&self, order: Order) -> Decision {
        self.before.decisions[order.index()].unwrap_or(self.decisions[order.index()])
    }

    /// Whether a transaction has hold of any item. Nothing is, most of the time.
    pub(crate) fn is_half_visible(&self) -> bool {
        self.before != Before::default() || self.rows.iter().any(super::tables::Row::is_locked)
    }

    fn hidden_items(&self) -> usize {
        let before = &self.before;
        before.orders.iter().flatten().count()
            + before.customer.iter().count()
            + before.decisions.iter().flatten().count()
            + self.rows.iter().filter(|row| row.status == Status::Hidden).count()
    }

    /// Makes what was committed since `earlier` invisible. `false` when that is not more than one item, which
    /// is all or nothing.
    pub(crate) fn hide_since(&mut self, earlier: &State) -> bool {
        let hidden = earlier.hidden_items();
        for order in [0, 1] {
            if self.orders[order] != earlier.orders[order] {
                self.before.orders[order] = Some(earlier.orders[order]);
            }
            if self.decisions[order] != earlier.decisions[order] {
                self.before.decisions[order] = Some(earlier.decisions[order]);
            }
        }
        if self.customer != earlier.customer {
            self.before.customer = Some(earlier.customer);
        }
        for subject in Subject::ALL {
            for (sequence, was) in (0u8..).zip(earlier.rows_of(subject)) {
                if !was.was_written() && self.row(subject, sequence).was_written() {
                    self.row_mut(subject, sequence).status = Status::Hidden;
                    self.records[subject.index()] &= !(1 << sequence);
                }
            }
        }
        self.hidden_items() > hidden + 1
    }

    pub(crate) fn show(&mut self, item: Item) {
        match item {
            Item::Order(order) => self.before.orders[order.index()] = None,
            Item::Customer => self.before.customer = None,
            Item::Decision(order) => self.before.decisions[order.index()] = None,
            Item::Row(subject, sequence) => {
                self.row_mut(subject, sequence).status = Status::Here;
                self.records[subject.index()] |= 1 << sequence;
            }
        }
    }

    /// Rows that came or went while a relay reads are seen or not, as each is read at a moment of its own.
    pub(crate) fn widen_reads(&mut self) {
        for number in 0..self.relays.len() {
            let Relay::At(mut run) = self.relays[number] else { continue };
            let (Step::Reading | Step::Querying) = run.step else { continue };
            let now = self.readable(&run);
            run.seen &= now;
            run.ever |= now;
            self.relays[number] = Relay::At(run);
        }
    }

    /// The message of a row, for who reads a trace.
    pub(crate) fn event(&self, subject: Subject, sequence: u8) -> Option<Event> {
        self.row(subject, sequence).event
    }
}

impl Protocol {
    /// Whatever is half visible becomes visible; which item comes next, nobody knows.
    pub(crate) fn showing(&self, state: &State, actions: &mut Vec<Action>) {
        if !state.is_half_visible() {
            return;
        }
        for order in Order::ALL {
            if state.before.orders[order.index()].is_some() {
                actions.push(Action::Show(Item::Order(order)));
            }
            if state.before.decisions[order.index()].is_some() {
                actions.push(Action::Show(Item::Decision(order)));
            }
        }
        if state.before.customer.is_some() {
            actions.push(Action::Show(Item::Customer));
        }
        for subject in Subject::ALL {
            for (sequence, row) in (0u8..).zip(state.rows_of(subject)) {
                if row.status == Status::Hidden {
                    actions.push(Action::Show(Item::Row(subject, sequence)));
                }
                if row.held {
                    actions.push(Action::LetGo(subject, sequence));
                }
            }
        }
    }
}
