//! The consumers: the loop in `consumer/run.rs`, `IdempotentConsumer::once` in `consumer/idempotent.rs`, and
//! the use cases of both services.
//!
//! | step | what it stands for |
//! |---|---|
//! | [`Action::Receive`](crate::Action::Receive) | `Queue::receive`, and the first read of the handler: the decision (customers) or the order (orders) |
//! | decision read → ready | the second read in `decide_on_order` and `settle_end`: the customer |
//! | ready → handled | `work.commit` in `once`: inbox row, changed items, decision, outbox row, all or nothing; a lost race decides anew |
//! | handled → idle | `Queue::delete` in `finish` |
//! | burying → buried → idle | `Queue::dead_letter`: sent first, deleted then |
//!
//! A handler that is idle has finished or died. When it died, its message is visible again.

use crate::{
    Defect,
    names::{Consumer, Message},
    protocol::Protocol,
    state::State,
    tables::Memory,
    use_cases::Commit,
    work::{Grounds, Handler, Work},
};

impl Protocol {
    pub(crate) fn receive(&self, state: &mut State, message: Message) {
        state.visible[message.index()] -= 1;
        self.start(state, Handler::At(message, first_read(state, message)));
    }

    pub(crate) fn receive_unreadable(&self, state: &mut State, message: Message) {
        state.visible[message.index()] -= 1;
        self.start(state, Handler::At(message, Work::Burying));
    }

    fn start(&self, state: &mut State, handler: Handler) {
        if let Some(idle) = state.handlers.iter_mut().find(|handler| **handler == Handler::Idle) {
            *idle = handler;
        }
    }

    pub(crate) fn handler_step(&self, state: &mut State, number: usize) {
        let Handler::At(message, work) = state.handlers[number] else { return };
        let next = match work {
            Work::DecisionRead(before) => {
                let customer = state.seen_customer();
                Some(Work::Ready(Grounds::Customer(before, customer.version, customer.reserved)))
            }
            Work::Ready(grounds) => self.commit(state, message, grounds),
            Work::Half(grounds) => self.second_half(state, message, grounds),
            Work::Handled | Work::Buried => None,
            Work::Burying if self.has(Defect::DeadLetterDropped) => None,
            Work::Burying => {
                state.dead[message.index()] += 1;
                Some(Work::Buried)
            }
        };
        state.handlers[number] = next.map_or(Handler::Idle, |work| Handler::At(message, work));
    }

    /// The process dies, or is slower than the message stays hidden.
    pub(crate) fn handler_dies(&self, state: &mut State, number: usize) {
        let Handler::At(message, work) = state.handlers[number] else { return };
        state.handlers[number] = Handler::Idle;
        let deleted_before = self.has(Defect::DeleteBeforeHandling)
            || work == Work::Burying && self.has(Defect::DeletedBeforeDeadLettered);
        if !deleted_before {
            state.visible[message.index()] += 1;
        }
    }

    /// The transaction. Its first condition is the inbox row's; nobody reads it before.
    fn commit(&self, state: &mut State, message: Message, grounds: Grounds) -> Option<Work> {
        if self.knows(state, message) {
            return self.duplicate(state, message);
        }
        if self.has(Defect::InboxBeforeEffect) {
            state.inbox[message.index()] = Memory::Remembered;
            return Some(Work::Half(grounds));
        }
        match self.effect(state, message, grounds) {
            Commit::Done if self.has(Defect::InboxAfterEffect) => Some(Work::Half(grounds)),
            Commit::Done => {
                state.inbox[message.index()] = Memory::Remembered;
                Some(Work::Handled)
            }
            Commit::LostRace => Some(first_read(state, message)),
            Commit::Conflict => Some(Work::Ready(grounds)),
            Commit::Terminal => {
                state.ghost.wrongly_buried = true;
                Some(Work::Burying)
            }
        }
    }

    fn knows(&self, state: &State, message: Message) -> bool {
        if self.has(Defect::NoInbox) {
            return false;
        }
        if self.has(Defect::InboxKeyWithoutConsumer) {
            let same_id = |other: &Message| other.event() == message.event();
            return Message::all().filter(same_id).any(|other| state.memory(other) == Memory::Remembered);
        }
        state.memory(message) == Memory::Remembered
    }

    fn duplicate(&self, state: &mut State, message: Message) -> Option<Work> {
        if self.has(Defect::DuplicateNotDeleted) {
            // It comes again until it was received too often, and goes to the dead-letter queue.
            state.dead[message.index()] += 1;
            state.ghost.wrongly_buried = true;
            return None;
        }
        Some(Work::Handled)
    }

    fn second_half(&self, state: &mut State, message: Message, grounds: Grounds) -> Option<Work> {
        if self.has(Defect::InboxAfterEffect) {
            state.inbox[message.index()] = Memory::Remembered;
            return Some(Work::Handled);
        }
        match self.effect(state, message, grounds) {
            Commit::Done => Some(Work::Handled),
            Commit::LostRace => Some(Work::Half(all_read(state, message))),
            Commit::Conflict => Some(Work::Half(grounds)),
            Commit::Terminal => Some(Work::Burying),
        }
    }
}

fn first_read(state: &State, message: Message) -> Work {
    match message.consumer {
        Consumer::ReserveCredit | Consumer::ReleaseCredit | Consumer::GiveBack => {
            Work::DecisionRead(state.seen_decision(message.order))
        }
        _ => Work::Ready(all_read(state, message)),
    }
}

fn all_read(state: &State, message: Message) -> Grounds {
    match message.consumer {
        Consumer::ReserveCredit | Consumer::ReleaseCredit | Consumer::GiveBack => {
            let customer = state.seen_customer();
            Grounds::Customer(state.seen_decision(message.order), customer.version, customer.reserved)
        }
        Consumer::Approve | Consumer::Reject => {
            let order = state.seen_order(message.order);
            Grounds::Order(order.state, order.version)
        }
        Consumer::Tally => Grounds::Nothing,
    }
}
