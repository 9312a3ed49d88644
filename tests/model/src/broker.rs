//! The broker: what is published is copied into the queues of its subscribers.

use crate::{
    Defect,
    names::{Consumer, Event, Message, Subject},
    protocol::Protocol,
    state::State,
    tables::Memory,
};

impl Protocol {
    /// The broker takes the message of a row.
    pub(crate) fn publish(&self, state: &mut State, subject: Subject, sequence: u8) {
        let row = state.row_mut(subject, sequence);
        let again = std::mem::replace(&mut row.published, true);
        let Some(event) = row.event else { return };
        if again && self.has(Defect::FreshIdAtEachDispatch) {
            // What the inbox knows is of no use for the new id.
            for message in Message::all().filter(|message| message.event() == event) {
                if state.memory(message) == Memory::Remembered {
                    state.inbox[message.index()] = Memory::Forgotten;
                }
            }
        }
        self.deliver(state, event);
    }

    pub(crate) fn deliver(&self, state: &mut State, event: Event) {
        for message in Message::all().filter(|message| message.event() == event) {
            if message.consumer != Consumer::Tally || self.bounds.tally {
                state.visible[message.index()] += 1;
            }
        }
    }
}
