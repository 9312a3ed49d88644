//! What HTTP requests set off in the orders service, and what any service does in one transaction.
//!
//! A request whose answer is lost is repeated with the same `Idempotency-Key`: the row of the order is there
//! (`not_exists` in `OrderStore::insert`), or it is cancelled already (`Transition::Already`), and nothing
//! changes. So it is no step of its own here.

use crate::{
    Defect,
    action::Writer,
    decisions::{Transition, Trigger, transition},
    names::{Event, Kind, Order, Subject},
    protocol::Protocol,
    state::State,
    tables::{OrderState, Row, Status},
};

impl Protocol {
    /// What may be set off from outside: by clients, and by the clock.
    pub(crate) fn outer_steps(&self, state: &State, mut push: impl FnMut(Writer)) {
        let count = |wanted| state.orders.iter().filter(|order| order.state == wanted).count();
        let cancels_left = count(OrderState::Cancelled) < self.bounds.cancels;
        let give_ups_left = count(OrderState::TimedOut) < self.bounds.give_ups;
        for order in self.orders() {
            let read = state.seen_order(order).state;
            let becomes = |trigger| matches!(transition(read, trigger), Transition::Becomes(_));
            if state.before.orders[order.index()].is_some() {
                // Whatever they want to write, it meets a conflict.
                continue;
            }
            if read == OrderState::Absent {
                push(Writer::Place(order));
            }
            let may_cancel = becomes(Trigger::CancelRequested)
                || read == OrderState::Pending && self.has(Defect::CancelsPendingOrders);
            if may_cancel && cancels_left {
                push(Writer::Cancel(order));
            }
            let may_give_up = becomes(Trigger::TimeIsUp)
                || read == OrderState::Approved && self.has(Defect::GivesUpUnconditionally);
            if may_give_up && give_ups_left {
                push(Writer::GiveUp(order));
            }
        }
    }

    /// `Orders::create`: the order and its message, both on the condition that they are not there.
    pub(crate) fn place(&self, state: &mut State, order: Order) {
        if self.has(Defect::PublishBeforeCommit) {
            state.orders[order.index()].state = OrderState::HalfPlaced;
            self.deliver(state, Event::new(Kind::Created, order));
            return;
        }
        state.orders[order.index()].state = OrderState::Pending;
        if !self.has(Defect::OutboxOutsideTransaction) {
            state.store(Subject::Order(order), 0, Event::new(Kind::Created, order));
        }
    }

    pub(crate) fn can_finish_placing(&self, state: &State, order: Order) -> bool {
        let no_row = !state.rows_of(Subject::Order(order))[0].was_written();
        match state.order(order).state {
            OrderState::HalfPlaced => true,
            OrderState::Pending => no_row,
            _ => false,
        }
    }

    pub(crate) fn finish_placing(&self, state: &mut State, order: Order) {
        let created = Event::new(Kind::Created, order);
        if state.order(order).state == OrderState::Pending {
            state.store(Subject::Order(order), 0, created);
        } else {
            state.orders[order.index()].state = OrderState::Pending;
            let row = Row { event: Some(created), status: Status::Gone, published: true, ..Row::NONE };
            *state.row_mut(Subject::Order(order), 0) = row;
        }
    }

    /// `Orders::cancel`. It reads and writes on the condition of the version, and decides anew after a lost
    /// race, so it is as good as one step.
    pub(crate) fn cancel(&self, state: &mut State, order: Order) {
        let version = state.order(order).version;
        self.change_order(state, order, version, OrderState::Cancelled);
    }

    /// `Orders::give_up`: likewise. The index that names the order may be behind; the order is read and
    /// written as in a cancellation.
    pub(crate) fn give_up(&self, state: &mut State, order: Order) {
        let version = state.order(order).version;
        self.change_order(state, order, version, OrderState::TimedOut);
    }

    /// Writes an order over the version that was read, with its message. `false`, and nothing, when a
    /// condition does not hold.
    pub(crate) fn change_order(
        &self,
        state: &mut State,
        order: Order,
        read_version: u8,
        becomes: OrderState,
    ) -> bool {
        let same_version = state.order(order).version == read_version;
        if !same_version && !self.has(Defect::NoVersionCondition) {
            return false;
        }
        let kind = match becomes {
            OrderState::Approved => Kind::Approved,
            OrderState::Rejected => Kind::Rejected,
            OrderState::TimedOut => Kind::GivenUp,
            _ => Kind::Cancelled,
        };
        let (subject, version) = (Subject::Order(order), read_version + 1);
        if !state.store(subject, place(version), Event::new(kind, order)) {
            return false;
        }
        if self.bounds.receipts && becomes == OrderState::Approved {
            state.store(subject, place(version) + 1, Event::new(Kind::Receipt, order));
        }
        state.orders[order.index()].state = becomes;
        state.orders[order.index()].version = version;
        true
    }
}

/// The sequence of the first message of an order's version. There is room for a second behind that of version
/// 1, the receipt.
pub(crate) fn place(version: u8) -> u8 {
    version + u8::from(version > 1)
}
