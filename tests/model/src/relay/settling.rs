//! How a call of the relay ends: what was sent is deleted, what cannot be sent is marked.

use crate::{
    Defect,
    names::Subject,
    protocol::Protocol,
    state::State,
    tables::Status,
    work::{Relay, Run, Step, Then, bit},
};

impl Protocol {
    pub(super) fn finish(&self, run: Run, then: Then) -> Relay {
        if run.sent != 0 {
            return Relay::At(Run { step: Step::Deleting(then), ..run });
        }
        match then {
            Then::Acknowledge => Relay::At(Run { step: Step::Done, seen: 0, ..run }),
            Then::Fail => Relay::Idle,
            Then::Park => Relay::At(Run { step: Step::Parking, ..run }),
        }
    }

    pub(crate) fn delete(&self, state: &mut State, number: usize, sequence: u8) {
        let Relay::At(run) = state.relays[number] else { return };
        let Step::Deleting(then) = run.step else { return };
        if state.row(run.subject, sequence).is_locked() {
            // A conflict: it is among the unprocessed items, and comes again.
            return;
        }
        let row = state.row_mut(run.subject, sequence);
        (row.status, row.parked) = (Status::Gone, false);
        if state.poison == Some((run.subject, sequence)) {
            // Nobody will send it again, so nothing is wrong any more.
            state.poison = None;
        }
        state.relays[number] = self.finish(Run { sent: run.sent & !bit(sequence), ..run }, then);
    }

    /// Marks the row, on the condition that it is there. If not, another relay has sent it.
    pub(super) fn park(&self, state: &mut State, run: Run) -> Relay {
        let here = state.rows_where(run.subject, |row| row.status == Status::Here);
        let lowest = run.seen & run.seen.wrapping_neg();
        let marked = match self.defect {
            Some(Defect::MarkOnTheLast) => here,
            Some(Defect::MarkWithoutCondition) => lowest,
            _ => lowest & here,
        };
        if marked != 0 {
            state.row_mut(run.subject, marked.ilog2() as u8).parked = true;
        }
        Relay::At(Run { step: Step::Done, seen: 0, ..run })
    }

    /// `Relay::unpark`, after somebody has repaired what was wrong. It wakes the subject at once; here that
    /// is left to the sweep, since the process may die in between.
    pub(crate) fn unpark(&self, state: &mut State, subject: Subject) {
        state.poison = None;
        for row in &mut state.rows[subject.rows()] {
            row.parked = false;
        }
    }
}
