//! What messages set off: `use_cases.rs` and `domain.rs` of both services. Each function is what one
//! transaction does, with its conditions.

use crate::{
    Defect,
    decisions::{Release, Reserve, Transition, Trigger, release, reserve, transition},
    names::{Consumer, Event, Kind, Message, Order, Subject},
    protocol::Protocol,
    state::State,
    tables::{Decision, OrderState},
    work::Grounds,
};

/// How a commit ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    Done,
    LostRace,
    /// Another transaction has hold of an item: it is tried again until that one is over.
    Conflict,
    /// The message makes no sense in this state: `HandlerError::Terminal`.
    Terminal,
}

impl Protocol {
    pub(crate) fn effect(&self, state: &mut State, message: Message, grounds: Grounds) -> Commit {
        let order = message.order;
        match (message.consumer, grounds) {
            (Consumer::GiveBack, Grounds::Customer(Decision::Reserved, ..))
                if self.has(Defect::RejectionUnheard) =>
            {
                Commit::Done
            }
            (Consumer::ReserveCredit, Grounds::Customer(before, version, reserved)) => {
                self.reserve(state, order, before, (version, reserved))
            }
            (Consumer::ReleaseCredit | Consumer::GiveBack, Grounds::Customer(before, version, reserved)) => {
                self.release(state, order, before, (version, reserved))
            }
            (Consumer::Approve | Consumer::Reject, Grounds::Order(OrderState::Absent, _)) => {
                self.missing(state, order)
            }
            (Consumer::Approve, Grounds::Order(read, version)) => {
                self.react(state, order, (read, version), Trigger::CreditReserved)
            }
            (Consumer::Reject, Grounds::Order(read, version)) => {
                self.react(state, order, (read, version), Trigger::CreditRefused)
            }
            _ => {
                state.ghost.tallied[order.index()] += 1;
                Commit::Done
            }
        }
    }

    /// `Customers::decide_on_order`.
    fn reserve(&self, state: &mut State, order: Order, before: Decision, read: (u8, u8)) -> Commit {
        let guarded = !self.has(Defect::NoDecisionGuard);
        let before = if guarded { before } else { Decision::None };
        match reserve(before, read.1, state.customer.limit) {
            Reserve::AlreadyDecided => Commit::Done,
            _ if is_held(state, order) => Commit::Conflict,
            _ if guarded && state.decision(order) != before => Commit::LostRace,
            Reserve::LimitExceeded => self.refuse(state, order, read),
            Reserve::Reserved => self.commit_reservation(state, order, read),
        }
    }

    /// `Customers::refuse`, with a check on the customer as it was read.
    fn refuse(&self, state: &mut State, order: Order, (version, _): (u8, u8)) -> Commit {
        let unchanged = state.customer.version == version || self.has(Defect::RefusalWithoutCondition);
        if !unchanged || !state.store(Subject::Refusal(order), 0, Event::new(Kind::Refused, order)) {
            return Commit::LostRace;
        }
        state.ghost.unjust_refusal |= state.customer.reserved < state.customer.limit;
        state.decisions[order.index()] = Decision::Refused;
        Commit::Done
    }

    fn commit_reservation(&self, state: &mut State, order: Order, read: (u8, u8)) -> Commit {
        let (version, reserved) = read;
        let unchanged = state.customer.version == version || self.has(Defect::NoVersionCondition);
        // The customer's sequence 0 is `CustomerCreated`, which nobody consumes: the model's rows begin with
        // version 1.
        if !unchanged || !state.store(Subject::Customer, version, Event::new(Kind::Reserved, order)) {
            return Commit::LostRace;
        }
        state.customer.version = version + 1;
        state.customer.reserved = reserved + 1;
        state.decisions[order.index()] = Decision::Reserved;
        state.ghost.reserved[order.index()] += 1;
        Commit::Done
    }

    /// `Customers::settle_end`.
    fn release(&self, state: &mut State, order: Order, before: Decision, read: (u8, u8)) -> Commit {
        let (version, reserved) = read;
        let unchanged = state.customer.version == version || self.has(Defect::NoVersionCondition);
        match release(before) {
            Release::NothingToRelease if self.has(Defect::ReleaseRaises) => return Commit::Terminal,
            Release::NothingToRelease => return Commit::Done,
            _ if state.before.decisions[order.index()].is_some() => return Commit::Conflict,
            _ if state.decision(order) != before => return Commit::LostRace,
            Release::NothingDecided => {}
            Release::Released if state.before.customer.is_some() => return Commit::Conflict,
            Release::Released if !unchanged => return Commit::LostRace,
            Release::Released => {
                state.customer.version = version + 1;
                state.customer.reserved = reserved.saturating_sub(1);
                state.ghost.released[order.index()] += 1;
            }
        }
        state.decisions[order.index()] = Decision::Released;
        Commit::Done
    }

    /// A message about an order that is not there: its own commit is not wholly visible yet.
    fn missing(&self, state: &State, order: Order) -> Commit {
        if self.has(Defect::AbsenceBelieved) {
            return Commit::Terminal;
        }
        if state.seen_order(order).state == OrderState::Absent { Commit::Conflict } else { Commit::LostRace }
    }

    /// `Orders::react`.
    fn react(
        &self,
        state: &mut State,
        order: Order,
        (read, version): (OrderState, u8),
        trigger: Trigger,
    ) -> Commit {
        let read = if self.has(Defect::NoOrderGuard) { OrderState::Pending } else { read };
        match transition(read, trigger) {
            Transition::Becomes(_) if state.before.orders[order.index()].is_some() => Commit::Conflict,
            Transition::Becomes(becomes) if self.change_order(state, order, version, becomes) => Commit::Done,
            Transition::Becomes(_) => Commit::LostRace,
            Transition::Already | Transition::TooLate => Commit::Done,
            Transition::Refused => Commit::Terminal,
        }
    }
}

/// Whether another transaction has hold of what a decision about the order writes.
fn is_held(state: &State, order: Order) -> bool {
    state.before.customer.is_some() || state.before.decisions[order.index()].is_some()
}
