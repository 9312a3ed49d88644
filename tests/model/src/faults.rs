//! What may go wrong, each at any time and as often as the bounds allow.

use crate::{
    Defect,
    names::{Consumer, Message, Subject},
    protocol::{Action, Fault, Protocol},
    state::State,
    tables::{Memory, Status},
    work::{Handler, Relay, Step},
};

impl Protocol {
    pub(crate) fn faults(&self, state: &State, actions: &mut Vec<Action>) {
        let mut push = |fault| actions.push(Action::Fault(fault));
        self.relay_faults(state, &mut push);
        for (number, handler) in state.handlers.iter().enumerate() {
            if *handler != Handler::Idle {
                push(Fault::HandlerDies(number));
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
    }

    fn relay_faults(&self, state: &State, push: &mut impl FnMut(Fault)) {
        for (number, relay) in state.relays.iter().enumerate() {
            let Relay::At(run) = relay else { continue };
            push(Fault::RelayDies(number));
            if self.bounds.second_relay && state.relays.contains(&Relay::Idle) {
                for subject in Subject::ALL.into_iter().filter(|subject| self.can_wake(state, *subject)) {
                    push(Fault::SecondRelay(subject));
                }
            }
            if run.step == Step::Sending
                && run.next().is_some_and(|row| state.poison != Some((run.subject, row)))
            {
                push(Fault::AnswerLost(number));
                push(Fault::EntryRefused(number));
            }
        }
    }

    /// Behind the inbox stand guards in the state of orders and customers, so there it may forget at any time. The tally has no such guard:
    /// for it the window must be longer than copies live, and then an expired row changes nothing that could be seen.
    fn may_forget(&self, message: Message) -> bool {
        message.consumer != Consumer::Tally || self.has(Defect::ShortInboxWindow)
    }

    fn outbox_faults(&self, state: &State, subject: Subject, push: &mut impl FnMut(Fault)) {
        for (sequence, row) in (0u8..).zip(state.rows_of(subject)) {
            if state.records[subject.index()] & (1 << sequence) != 0 {
                push(Fault::RecordLost(subject, sequence));
            }
            let may_expire = match row.status {
                Status::Dispatched => true,
                Status::Pending => self.has(Defect::TtlOnPendingRows),
                Status::Absent | Status::Expired => false,
            };
            if may_expire {
                push(Fault::RowExpires(subject, sequence));
            }
            if row.status == Status::Pending && state.poison.is_none() {
                push(Fault::Poison(subject, sequence));
            }
        }
    }

    pub(crate) fn fault(&self, state: &mut State, fault: Fault) {
        match fault {
            Fault::SecondRelay(subject) => self.wake(state, subject),
            Fault::RelayDies(number) => state.relays[number] = Relay::Idle,
            Fault::HandlerDies(number) => self.handler_dies(state, number),
            Fault::AnswerLost(number) => self.send_fails(state, number, true),
            Fault::EntryRefused(number) => self.send_fails(state, number, false),
            Fault::RecordLost(subject, sequence) => state.records[subject.index()] &= !(1 << sequence),
            Fault::Duplicate(message) => state.visible[message.index()] += 1,
            Fault::Unreadable(message) => self.receive_unreadable(state, message),
            Fault::Poison(subject, sequence) => state.poison = Some((subject, sequence)),
            Fault::InboxExpires(message) => state.inbox[message.index()] = Memory::Forgotten,
            Fault::RowExpires(subject, sequence) => {
                state.rows[subject.rows()][usize::from(sequence)].status = Status::Expired;
            }
        }
    }
}
