//! The relay of one subject: which rows it reads, whose turn it is, what is sent, what is deleted.
//!
//! | step | what it stands for |
//! |---|---|
//! | [`Action::Wake`](crate::Action::Wake) | stream records name rows (`Relay::wake_rows`), or the sweep has come to the subject (`Relay::sweep`) |
//! | [`Action::Read`](crate::Action::Read) | the end of a `BatchGetItem` of the rows named (`OutboxStore::rows`), of a `Query` (`rows_behind`) or of the sweep's `Scan` (`page`): each row was read at a moment of its own |
//! | asking | `OutboxStore::turns`: `TransactGetItems` of predecessor and row |
//! | sending | one entry of a `PublishBatch`, which has no other row of the subject |
//! | [`Action::Delete`](crate::Action::Delete) | `OutboxStore::delete`: one row of a `BatchWriteItem`, in any order |
//! | parking → done | `OutboxStore::mark`: the conditional `UpdateItem` that marks the row |
//! | done → idle | the records are acknowledged: they are not among the batch item failures |
//!
//! A relay that is idle has either finished or died; both leave nothing but what is in the tables and the
//! stream. One call may have rows of many subjects in hand; they share no item, and each entry of a batch has
//! a result of its own, so each subject is a call here.

mod settling;

use crate::{
    Defect,
    names::Subject,
    protocol::Protocol,
    state::State,
    tables::Status,
    work::{Relay, Run, Step, Then, bit},
};

/// All of them, the largest first, the empty one last.
fn subsets(of: u8) -> impl Iterator<Item = u8> {
    std::iter::successors(Some(of), move |subset| (*subset != 0).then(|| (subset - 1) & of))
}

impl Run {
    /// The lowest row that was read and not sent: the next one.
    pub(crate) fn next(&self) -> Option<u8> {
        (self.seen != 0).then(|| self.seen.trailing_zeros() as u8)
    }
}

impl State {
    /// Which rows the relay's read may show at this moment.
    pub(crate) fn readable(&self, run: &Run) -> u8 {
        let named = if run.step == Step::Reading { run.records } else { u8::MAX };
        named & self.rows_where(run.subject, |row| row.status == Status::Here)
    }

    /// Which records of the subject a batch may hold: any of them, since a stream keeps no order across
    /// items. None is the sweep, which is let loose when there are none.
    pub(crate) fn batches(&self, subject: Subject) -> impl Iterator<Item = u8> {
        let all = self.records[subject.index()];
        subsets(all).filter(move |records| *records != 0 || all == 0)
    }

    /// Whether the row, or one in front of it, is marked: then it waits for an operator.
    pub(crate) fn is_kept_back(&self, subject: Subject, sequence: u8) -> bool {
        self.rows_of(subject).iter().take(usize::from(sequence) + 1).any(|row| row.parked)
    }
}

impl Protocol {
    /// Whether there is news of the subject in the stream, or a row for the sweep. It is let loose only on
    /// what the stream does not bring; on others it does what a second relay does.
    pub(crate) fn can_wake(&self, state: &State, subject: Subject) -> bool {
        let stuck = |relay: &Relay| matches!(relay, Relay::At(run) if run.step == Step::Stuck);
        if state.relays.iter().any(stuck) {
            return false;
        }
        if self.has(Defect::ParkingBlocksAll) && state.rows.iter().any(|row| row.parked) {
            return false;
        }
        state.records[subject.index()] != 0 || self.can_sweep(state, subject)
    }

    /// Whether the first row that is there is not marked.
    fn can_sweep(&self, state: &State, subject: Subject) -> bool {
        let here = state.rows_where(subject, |row| row.status == Status::Here);
        if here == 0 || self.has(Defect::NoSweeper) {
            return false;
        }
        let first = here.trailing_zeros() as u8;
        let skipped = self.has(Defect::SweepSkips) && state.predecessor(subject, first).is_some();
        !state.is_kept_back(subject, first) && !skipped
    }

    /// These stream records wake the subject; if there is none, the sweep does.
    pub(crate) fn wake(&self, state: &mut State, subject: Subject, records: u8) {
        let step =
            if records == 0 || self.has(Defect::QueryAsProof) { Step::Querying } else { Step::Reading };
        let run = self.read(state, Run { subject, step, seen: 0, ever: 0, sent: 0, records });
        if let Some(idle) = state.relays.iter_mut().find(|relay| **relay == Relay::Idle) {
            *idle = run;
        }
    }

    /// Begins to read.
    fn read(&self, state: &State, run: Run) -> Relay {
        let now = state.readable(&run);
        Relay::At(Run { seen: now, ever: now, ..run })
    }

    /// What a read may have shown: what was there all the time, and any of the rows that were there at some
    /// time.
    pub(crate) fn readings(run: &Run) -> impl Iterator<Item = u8> {
        let always = run.seen;
        subsets(run.ever & !always).map(move |sometimes| always | sometimes)
    }

    pub(crate) fn end_of_read(&self, state: &mut State, number: usize, seen: u8) {
        let Relay::At(mut run) = state.relays[number] else { return };
        run.seen = seen & !run.sent;
        run.ever = 0;
        if self.has(Defect::ImageTrusted) && run.step == Step::Reading {
            run.seen = run.records;
            state.ghost.sent_again |=
                run.records & state.rows_where(run.subject, |row| row.status == Status::Gone) != 0;
        }
        // What is parked is left alone, and so is what stands behind it.
        let marked = run.seen & state.rows_where(run.subject, |row| row.parked);
        if marked != 0 {
            run.seen &= bit(marked.trailing_zeros() as u8) - 1;
        }
        if self.has(Defect::DeleteBeforePublish) {
            for sequence in (0..8).filter(|sequence| run.seen & bit(*sequence) != 0) {
                state.row_mut(run.subject, sequence).status = Status::Gone;
            }
        }
        state.relays[number] = self.onward(state, run);
    }

    /// To the next row, if its turn has come without asking: it is the first of its subject, or behind one
    /// that was just sent.
    fn onward(&self, state: &State, run: Run) -> Relay {
        let Some(sequence) = run.next() else { return self.finish(run, Then::Acknowledge) };
        let trusting = self.has(Defect::QueryAsProof) || self.has(Defect::StreamOrderTrusted);
        let step = match self.predecessor(state, run.subject, sequence) {
            Some(it) if run.sent & bit(it) == 0 && !trusting => Step::Asking,
            _ => Step::Sending,
        };
        Relay::At(Run { step, ..run })
    }

    /// What the row names as the one before it.
    fn predecessor(&self, state: &State, subject: Subject, sequence: u8) -> Option<u8> {
        if self.has(Defect::PredecessorByVersion) {
            return sequence.checked_sub(1);
        }
        state.predecessor(subject, sequence)
    }

    pub(crate) fn relay_step(&self, state: &mut State, number: usize) {
        let Relay::At(run) = state.relays[number] else { return };
        state.relays[number] = match run.step {
            Step::Asking => self.ask(state, run),
            Step::Sending => self.send(state, run),
            Step::Parking => self.park(state, run),
            Step::Done => {
                state.records[run.subject.index()] &= !run.records;
                Relay::Idle
            }
            Step::Reading | Step::Querying | Step::Deleting(_) | Step::Stuck => Relay::At(run),
        };
    }

    fn ask(&self, state: &mut State, run: Run) -> Relay {
        let Some(sequence) = run.next() else { return Relay::At(run) };
        let Some(before) = self.predecessor(state, run.subject, sequence) else { return Relay::At(run) };
        let (before, row) = (state.row(run.subject, before), state.row(run.subject, sequence));
        if (before.is_locked() || row.is_locked()) && !self.has(Defect::GetAsProof) {
            // A conflict: it waits and asks again.
            return Relay::At(run);
        }
        if before.status == Status::Here {
            return self.read(state, Run { step: Step::Querying, ..run });
        }
        if row.status == Status::Gone && !self.has(Defect::GoneOnly) {
            // Another relay has sent it.
            return self.onward(state, Run { seen: run.seen & !bit(sequence), ..run });
        }
        state.ghost.sent_again |= row.status == Status::Gone;
        Relay::At(Run { step: Step::Sending, ..run })
    }

    fn send(&self, state: &mut State, run: Run) -> Relay {
        let Some(sequence) = run.next() else { return Relay::At(run) };
        if state.poison == Some((run.subject, sequence)) {
            return match self.defect {
                Some(Defect::NeverParks) => Relay::At(Run { step: Step::Stuck, ..run }),
                Some(Defect::PoisonSkipped) => self.sent(state, run, sequence),
                _ => self.finish(run, Then::Park),
            };
        }
        self.publish(state, run.subject, sequence);
        self.sent(state, run, sequence)
    }

    fn sent(&self, state: &State, run: Run, sequence: u8) -> Relay {
        let (seen, sent) = (run.seen & !bit(sequence), run.sent | bit(sequence));
        self.onward(state, Run { seen, sent, ..run })
    }

    /// The broker's answer is lost or names the row as not taken: `Verdict::Again`.
    pub(crate) fn send_fails(&self, state: &mut State, number: usize, taken: bool) {
        let Relay::At(run) = state.relays[number] else { return };
        let Some(sequence) = run.next() else { return };
        if taken {
            self.publish(state, run.subject, sequence);
        }
        state.relays[number] = if self.has(Defect::FailedEntriesIgnored) && !taken {
            self.sent(state, run, sequence)
        } else if self.has(Defect::BatchOfOneSubject) && !taken && run.seen.count_ones() > 1 {
            let behind = (run.seen & (run.seen - 1)).trailing_zeros() as u8;
            self.publish(state, run.subject, behind);
            self.finish(Run { sent: run.sent | bit(behind), ..run }, Then::Fail)
        } else {
            self.finish(run, Then::Fail)
        };
    }
}
