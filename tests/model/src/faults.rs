//! What may go wrong, each at any time and as often as the bounds allow.

use crate::{
    Defect,
    action::{Action, Fault, Writer},
    names::{Consumer, Message, Subject},
    protocol::Protocol,
    state::State,
    tables::{Memory, Status},
    work::{Handler, Relay, Step, Work, bit},
};

impl Protocol {
    pub(crate) fn faults(&self, state: &State, actions: &mut Vec<Action>) {
        let mut push = |fault| actions.push(Action::Fault(fault));
        self.relay_faults(state, &mut push);
        for (number, handler) in state.handlers.iter().enumerate() {
            if *handler != Handler::Idle {
                push(Fault::HandlerDies(number));
            }
            if !self.bounds.item_by_item && matches!(handler, Handler::At(_, Work::Ready(_))) {
                push(Fault::ItemByItem(Writer::Handler(number)));
            }
        }
        for message in Message::all() {
            let visible = state.visible[message.index()] > 0;
            if visible || state.in_work(message) {
                push(Fault::Duplicate(message));
            }
            if visible && self.has_idle_handler(state) {
                push(Fault::Unreadable(message));
            }
            if state.memory(message) == Memory::Remembered && self.may_forget(message) {
                push(Fault::InboxExpires(message));
            }
        }
        for subject in Subject::ALL {
            self.outbox_faults(state, subject, &mut push);
        }
        if !self.bounds.item_by_item {
            self.outer_steps(state, |writer| push(Fault::ItemByItem(writer)));
        }
    }

    fn relay_faults(&self, state: &State, push: &mut impl FnMut(Fault)) {
        for (number, relay) in state.relays.iter().enumerate() {
            let Relay::At(run) = relay else { continue };
            push(Fault::RelayDies(number));
            if run.step == Step::Sending
                && run.next().is_some_and(|row| state.poison != Some((run.subject, row)))
            {
                push(Fault::AnswerLost(number));
                push(Fault::EntryRefused(number));
            }
        }
        let one = state.relays.iter().filter(|relay| **relay != Relay::Idle).count() == 1;
        if !(one && self.bounds.second_relay) || self.bounds.item_by_item {
            return;
        }
        for subject in Subject::ALL {
            let batches = state.batches(subject).filter(|records| *records != 0);
            batches.for_each(|records| push(Fault::SecondRelay(subject, records)));
            if state.rows_of(subject).iter().any(|row| row.status == Status::Here) {
                push(Fault::SecondSweep(subject));
            }
        }
    }

    /// Behind the inbox stand guards in the state of orders and customers, so there it may forget at any
    /// time. The tally has no such guard: for it the window must be longer than copies live, and then an
    /// expired row changes nothing that could be seen.
    fn may_forget(&self, message: Message) -> bool {
        message.consumer != Consumer::Tally || self.has(Defect::ShortInboxWindow)
    }

    fn outbox_faults(&self, state: &State, subject: Subject, push: &mut impl FnMut(Fault)) {
        let written = state.rows_where(subject, |row| matches!(row.status, Status::Here | Status::Gone));
        if written & !state.records[subject.index()] != 0 {
            push(Fault::Rewind(subject));
        }
        for (sequence, row) in (0u8..).zip(state.rows_of(subject)) {
            if state.records[subject.index()] & bit(sequence) != 0 {
                push(Fault::RecordLost(subject, sequence));
            }
            if row.status == Status::Gone && !row.held {
                push(Fault::Held(subject, sequence));
            }
            if row.status == Status::Here && self.has(Defect::TtlOnPendingRows) {
                push(Fault::RowExpires(subject, sequence));
            }
            if row.status == Status::Here && state.poison.is_none() {
                push(Fault::Poison(subject, sequence));
            }
        }
    }

    /// `false` when it comes to nothing: a transaction of one item is visible or not.
    pub(crate) fn fault(&self, state: &mut State, fault: Fault) -> bool {
        match fault {
            Fault::ItemByItem(writer) => {
                let before = *state;
                self.write(state, writer);
                return state.hide_since(&before);
            }
            Fault::Held(subject, sequence) => state.row_mut(subject, sequence).held = true,
            Fault::SecondRelay(subject, records) => self.wake(state, subject, records),
            Fault::SecondSweep(subject) => self.wake(state, subject, 0),
            Fault::RelayDies(number) => state.relays[number] = Relay::Idle,
            Fault::HandlerDies(number) => self.handler_dies(state, number),
            Fault::AnswerLost(number) => self.send_fails(state, number, true),
            Fault::EntryRefused(number) => self.send_fails(state, number, false),
            Fault::Rewind(subject) => {
                state.records[subject.index()] |=
                    state.rows_where(subject, |row| matches!(row.status, Status::Here | Status::Gone));
            }
            Fault::RecordLost(subject, sequence) => state.records[subject.index()] &= !bit(sequence),
            Fault::Duplicate(message) => state.visible[message.index()] += 1,
            Fault::Unreadable(message) => self.receive_unreadable(state, message),
            Fault::Poison(subject, sequence) => state.poison = Some((subject, sequence)),
            Fault::InboxExpires(message) => state.inbox[message.index()] = Memory::Forgotten,
            Fault::RowExpires(subject, sequence) => state.row_mut(subject, sequence).status = Status::Gone,
        }
        true
    }
}
