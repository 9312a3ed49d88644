//! What HTTP requests set off in the orders service, and what any service does in one transaction.
//!
//! A request whose answer is lost is repeated with the same `Idempotency-Key`: the row of the order is there (`not_exists` in
//! `OrderStore::insert`), or it is cancelled already (`Answer::Already`), and nothing changes. So it is no step of its own here.

use crate::{
    Defect,
    decisions::{Answer, Happening, answer},
    names::{Event, Kind, Order, Subject},
    protocol::{Action, Protocol},
    state::State,
    tables::{OrderState, Row, Status},
};

impl Protocol {
    pub(crate) fn client_steps(&self, state: &State, actions: &mut Vec<Action>) {
        let cancelled = state.orders.iter().filter(|order| order.state == OrderState::Cancelled).count();
        for order in self.orders() {
            let read = state.order(order).state;
            let may_cancel = matches!(answer(read, Happening::CancelRequested), Answer::Becomes(_))
                || read == OrderState::Pending && self.has(Defect::CancelsPendingOrders);
            if read == OrderState::Absent {
                actions.push(Action::Place(order));
            } else if may_cancel && cancelled < self.bounds.cancels {
                actions.push(Action::Cancel(order));
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
            let row = Row { event: Some(created), status: Status::Dispatched, published: true };
            state.rows[Subject::Order(order).rows().start] = row;
            state.heads[Subject::Order(order).index()].watermark = 1;
            state.ghost.highest[Subject::Order(order).index()] = 1;
        }
    }

    /// `Orders::cancel`. It reads and writes on the condition of the version, and decides anew after a lost race, so it is as good as one
    /// step.
    pub(crate) fn cancel(&self, state: &mut State, order: Order) {
        let version = state.order(order).version;
        self.change_order(state, order, version, OrderState::Cancelled);
    }

    /// Writes an order over the version that was read, with its message. `false`, and nothing, when a condition does not hold.
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
            _ => Kind::Cancelled,
        };
        let version = read_version + 1;
        if !state.store(Subject::Order(order), version, Event::new(kind, order)) {
            return false;
        }
        state.orders[order.index()].state = becomes;
        state.orders[order.index()].version = version;
        true
    }
}
