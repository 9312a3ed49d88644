//! The relay: `Relay::wake` in `relay/dispatch.rs`, on the store in `relay/store.rs`.
//!
//! | step | what it stands for |
//! |---|---|
//! | [`Action::Wake`](crate::Action::Wake) | a stream record (`wake_all` in `outbox-relay/src/wake.rs`) or `Relay::sweep` names the subject; `OutboxStore::pending` reads the head |
//! | head read → sending | the query in `OutboxStore::pending`: rows above the watermark, consistent |
//! | sending | one call of `Flow`: the next row, in sequence |
//! | settle | `OutboxStore::settle`: watermark and rows in one transaction, on the condition `still(head)`; a lost race reads anew |
//! | parking → done | `OutboxStore::park`, on the same condition |
//! | done → idle | the record is acknowledged: it is not among the batch item failures |
//!
//! A relay that is idle has either finished or died; both leave nothing but what is in the tables and the stream.

use crate::{
    Defect,
    names::{Consumer, Event, Message, Subject},
    protocol::Protocol,
    state::State,
    tables::{Memory, Status},
    work::{Relay, Run, Step},
};

fn bit(sequence: usize) -> u8 {
    1 << sequence
}

impl Run {
    /// The row that is sent next.
    pub(crate) fn next(&self) -> Option<u8> {
        (self.to_send != 0).then(|| self.to_send.trailing_zeros() as u8)
    }
}

impl Protocol {
    /// Whether there is news of the subject in the stream, or a pending row for the sweeper. It is let loose only on rows whose record has
    /// gone; on others it does what a second relay does.
    pub(crate) fn can_wake(&self, state: &State, subject: Subject) -> bool {
        let stuck = |relay: &Relay| matches!(relay, Relay::At(run) if run.step == Step::Stuck);
        if state.relays.iter().any(stuck) {
            return false;
        }
        if self.has(Defect::ParkingBlocksAll) && state.heads.iter().any(|head| head.parked) {
            return false;
        }
        state.records[subject.index()] != 0 || self.can_sweep(state, subject)
    }

    fn can_sweep(&self, state: &State, subject: Subject) -> bool {
        !self.has(Defect::NoSweeper)
            && !state.head(subject).parked
            && state.rows_of(subject).iter().enumerate().any(|(sequence, row)| {
                let visible = state.hidden[subject.index()] & bit(sequence) == 0;
                visible
                    && row.status == Status::Pending
                    && sequence >= usize::from(state.head(subject).watermark)
            })
    }

    pub(crate) fn wake(&self, state: &mut State, subject: Subject) {
        let records = state.records[subject.index()];
        let run = Run { subject, step: Step::HeadRead, seen: 0, to_send: 0, sent: 0, records };
        let run = self.read_head(state, run);
        if let Some(idle) = state.relays.iter_mut().find(|relay| **relay == Relay::Idle) {
            *idle = run;
        }
    }

    fn read_head(&self, state: &mut State, run: Run) -> Relay {
        let head = state.head(run.subject);
        if head.parked {
            // A parked subject is no failure: its mark is stored, so the record has done its duty.
            return self.acknowledge(state, run);
        }
        Relay::At(Run { step: Step::HeadRead, seen: head.watermark, to_send: 0, sent: 0, ..run })
    }

    fn acknowledge(&self, state: &mut State, run: Run) -> Relay {
        state.records[run.subject.index()] &= !run.records;
        Relay::Idle
    }

    pub(crate) fn relay_step(&self, state: &mut State, number: usize) {
        let Relay::At(run) = state.relays[number] else { return };
        state.relays[number] = match run.step {
            Step::HeadRead => self.read_rows(state, run),
            Step::Sending if run.to_send != 0 => self.send(state, run),
            Step::Sending | Step::Failed | Step::Poisoned => self.settle(state, run),
            Step::Parking => self.park(state, run),
            Step::Done => {
                self.settle_rows_late(state, run);
                self.acknowledge(state, run)
            }
            Step::Stuck => Relay::At(run),
        };
    }

    fn read_rows(&self, state: &mut State, run: Run) -> Relay {
        let mut to_send = 0;
        for (sequence, row) in state.rows_of(run.subject).iter().enumerate() {
            let above = sequence >= usize::from(run.seen) || self.has(Defect::NoWatermark);
            let visible = state.hidden[run.subject.index()] & bit(sequence) == 0;
            if above && visible && matches!(row.status, Status::Pending | Status::Dispatched) {
                to_send |= bit(sequence);
            }
        }
        if to_send & (bit(usize::from(run.seen)) - 1) != 0 {
            state.ghost.sent_again = true;
        }
        if self.has(Defect::StaleRelayRead) && to_send.count_ones() > 1 {
            to_send &= to_send - 1;
        }
        if self.has(Defect::StreamOrderTrusted) && run.records != 0 {
            to_send = 1 << run.records.ilog2();
        }
        if to_send == 0 {
            return Relay::At(Run { step: Step::Done, ..run });
        }
        if self.has(Defect::MarkBeforePublish) {
            self.advance(state, run, to_send);
        }
        Relay::At(Run { step: Step::Sending, to_send, ..run })
    }

    fn send(&self, state: &mut State, run: Run) -> Relay {
        let Some(sequence) = run.next() else { return Relay::At(run) };
        let rest = run.to_send & (run.to_send - 1);
        if state.poison == Some((run.subject, sequence)) {
            return Relay::At(match self.defect {
                Some(Defect::NeverParks) => Run { step: Step::Stuck, ..run },
                Some(Defect::PoisonSkipped) => {
                    Run { to_send: rest, sent: run.sent | bit(sequence.into()), ..run }
                }
                _ => Run { step: Step::Poisoned, to_send: 0, ..run },
            });
        }
        self.publish(state, run.subject, sequence);
        Relay::At(Run { to_send: rest, sent: run.sent | bit(sequence.into()), ..run })
    }

    /// The broker takes the message and copies it into the queues of its subscribers.
    pub(crate) fn publish(&self, state: &mut State, subject: Subject, sequence: u8) {
        let row = &mut state.rows[subject.rows()][usize::from(sequence)];
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

    /// The broker's answer is lost or names the row as not taken: `Verdict::Again`.
    pub(crate) fn send_fails(&self, state: &mut State, number: usize, taken: bool) {
        let Relay::At(run) = state.relays[number] else { return };
        let Some(sequence) = run.next() else { return };
        if taken {
            self.publish(state, run.subject, sequence);
        }
        let sent = run.sent | bit(sequence.into());
        let rest = run.to_send & (run.to_send - 1);
        state.relays[number] = Relay::At(if self.has(Defect::FailedEntriesIgnored) && !taken {
            Run { to_send: rest, sent, ..run }
        } else {
            Run { step: Step::Failed, to_send: 0, ..run }
        });
    }

    fn settle(&self, state: &mut State, run: Run) -> Relay {
        if run.sent == 0 {
            return self.after_settling(run);
        }
        if self.has(Defect::MarkBeforePublish) {
            return self.after_settling(run);
        }
        let head = state.head(run.subject);
        let still = head.watermark == run.seen && !head.parked;
        let exist = state
            .rows_of(run.subject)
            .iter()
            .enumerate()
            .all(|(sequence, row)| run.sent & bit(sequence) == 0 || row.status != Status::Expired);
        if !(still && exist || self.has(Defect::WatermarkUnconditional)) {
            // `Raced`: `Page::More` reads again.
            return self.read_head(state, run);
        }
        self.advance(state, run, run.sent);
        let seen = state.head(run.subject).watermark;
        self.after_settling(Run { seen, ..run })
    }

    fn advance(&self, state: &mut State, run: Run, sent: u8) {
        let watermark = sent.ilog2() as u8 + 1;
        let index = run.subject.index();
        state.heads[index].watermark = watermark;
        state.ghost.highest[index] = state.ghost.highest[index].max(watermark);
        if !self.has(Defect::WatermarkApartFromRows) {
            settle_rows(state, run.subject, sent);
        }
    }

    fn settle_rows_late(&self, state: &mut State, run: Run) {
        if self.has(Defect::WatermarkApartFromRows) {
            settle_rows(state, run.subject, run.sent);
        }
    }

    fn after_settling(&self, run: Run) -> Relay {
        match run.step {
            Step::Poisoned => Relay::At(Run { step: Step::Parking, ..run }),
            // The records stay: they come again.
            Step::Failed => Relay::Idle,
            _ => Relay::At(Run { step: Step::Done, ..run }),
        }
    }

    fn park(&self, state: &mut State, run: Run) -> Relay {
        let head = state.head(run.subject);
        if head.watermark != run.seen || head.parked {
            return self.read_head(state, run);
        }
        state.heads[run.subject.index()].parked = true;
        Relay::At(Run { step: Step::Done, ..run })
    }

    /// `Relay::unpark`, after somebody has repaired what was wrong. It wakes the subject at once; here that is left to the sweeper, since
    /// the process may die in between.
    pub(crate) fn unpark(&self, state: &mut State, subject: Subject) {
        state.poison = None;
        state.heads[subject.index()].parked = false;
    }
}

fn settle_rows(state: &mut State, subject: Subject, sent: u8) {
    for (sequence, row) in state.rows[subject.rows()].iter_mut().enumerate() {
        if sent & bit(sequence) != 0 && row.status == Status::Pending {
            row.status = Status::Dispatched;
        }
    }
}
