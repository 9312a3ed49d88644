//! How far one subject has come in a wake-up, and what it needs to go on. No call is made here.

use std::{collections::VecDeque, iter::Peekable};

use super::{
    RelayError,
    broker::Verdict,
    dispatch::{Outcome, Relay},
    row::{Bad, Row, key_of},
    store::Turn,
};
use crate::outbox::OutboxRow;

/// A subject, and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) partition: String,
    /// What is to be sent, in sequence.
    pub(super) rows: VecDeque<Row>,
    /// There may be rows behind these.
    pub(super) more: bool,
    /// The sequence of the last message of which is known that it was sent.
    pub(super) last: Option<String>,
    /// It waits for what it needs.
    pub(super) waits: bool,
    /// How many rows were sent and are not deleted yet.
    pub(super) undeleted: usize,
    /// What has ended it.
    pub(super) end: Option<Result<Outcome, RelayError>>,
    sent: usize,
    /// How often it had to be looked at again.
    looks: u32,
    /// It has to wait before it goes on, after so many looks.
    pause_after: Option<u32>,
}

/// What a subject needs to go on.
pub(super) enum Need {
    /// Its rows behind the last one that was sent.
    Rows,
    /// To know whether it is this row's turn.
    Turn(OutboxRow),
    /// That these are sent, with one call.
    Sending(Vec<OutboxRow>),
    /// That this row, which cannot be sent, is marked.
    Mark(Bad),
    /// To wait for so long, after so many looks.
    Pause(u32),
}

impl Progress {
    /// A subject of which nothing is known but the rows that are pushed.
    pub(super) fn new(partition: String, more: bool) -> Self {
        Self { partition, more, ..Self::default() }
    }

    /// Takes from the front of the list what is its own.
    pub(super) fn take_from(&mut self, rows: &mut Peekable<impl Iterator<Item = Row>>) {
        self.rows.extend(std::iter::from_fn(|| rows.next_if(|row| key_of(row).0 == self.partition)));
    }

    // ANCHOR: next
    /// What it needs next; none when it has come to its end.
    pub(super) fn next(&mut self, relay: &Relay) -> Option<Need> {
        if let Some(looks) = self.pause_after.take() {
            return Some(Need::Pause(looks));
        }
        match self.rows.pop_front() {
            None => self.more.then_some(Need::Rows),
            // The first of all, or the one before it is known to have been sent: nobody has to be asked.
            Some(Ok(row)) if row.predecessor.is_none() || row.predecessor == self.last => {
                Some(Need::Sending(self.with_those_behind(row, relay)))
            }
            Some(Ok(row)) => Some(Need::Turn(row)),
            Some(Err(bad)) if bad.reason.is_some() => Some(Need::Mark(bad)),
            Some(Err(_)) => {
                self.end = Some(Ok(Outcome::Parked));
                None
            }
        }
    }
    // ANCHOR_END: next

    /// How it has ended.
    pub(super) fn result(&mut self) -> Result<Outcome, RelayError> {
        self.end.take().unwrap_or(Ok(Outcome::Dispatched(self.sent)))
    }

    /// The next message, and where nothing can come into disorder, those behind it that go to the same topic.
    fn with_those_behind(&mut self, first: OutboxRow, relay: &Relay) -> Vec<OutboxRow> {
        let limits = relay.broker.limits();
        let is_alone = !limits.keeps_order && !relay.unordered.contains(&first.topic);
        let most = if is_alone { 1 } else { limits.entries };
        let (mut bytes, mut taken) = (first.message.len(), vec![first]);
        while taken.len() < most
            && let Some(last) = taken.last()
            && let Some(Ok(next)) = self.rows.front()
            && next.predecessor.as_ref() == Some(&last.sequence)
            && next.topic == last.topic
            && bytes + next.message.len() <= limits.bytes
            && let Some(Ok(next)) = self.rows.pop_front()
        {
            bytes += next.message.len();
            taken.push(next);
        }
        taken
    }

    /// What was seen of a row that it had asked about. Where a commit is becoming visible there is nothing to
    /// read yet: it waits and asks again. What stands in front of the row is read at once the first time, and
    /// then after a pause.
    pub(super) fn seen(&mut self, row: OutboxRow, turn: Turn) {
        self.looks += u32::from(matches!(turn, Turn::Behind | Turn::Unclear));
        let is_pause = turn == Turn::Unclear || turn == Turn::Behind && self.looks > 1;
        self.pause_after = is_pause.then_some(self.looks);
        match turn {
            Turn::Over => self.last = Some(row.sequence),
            Turn::Behind => (self.rows, self.more) = (VecDeque::new(), true),
            Turn::Now => {
                self.last.clone_from(&row.predecessor);
                self.rows.push_front(Ok(row));
            }
            Turn::Unclear | Turn::Unseen => self.rows.push_front(Ok(row)),
        }
    }

    /// A row that cannot be sent was marked, unless it is gone.
    pub(super) fn marked(&mut self, bad: Bad, was_there: bool) {
        if was_there {
            let Bad { partition, sequence, reason } = bad;
            tracing::error!(partition, sequence, reason, "subject_parked");
            self.end = Some(Ok(Outcome::Parked));
        } else {
            self.last = Some(bad.sequence);
        }
    }

    /// What the broker has said to messages: those that were sent, and what ends its way.
    pub(super) fn answered(
        &mut self,
        rows: Vec<OutboxRow>,
        verdicts: &mut impl Iterator<Item = Verdict>,
    ) -> (Vec<OutboxRow>, Result<(), RelayError>) {
        let (mut sent, mut refused, mut end) = (Vec::with_capacity(rows.len()), Vec::new(), Ok(()));
        for row in rows {
            let error = match verdicts.next() {
                Some(Verdict::Sent) => {
                    let (message_id, correlation_id) = (row.message_id, row.correlation_id);
                    let (kind, topic) = (&row.kind, &row.topic);
                    tracing::info!(%message_id, %correlation_id, kind, topic, "message_dispatched");
                    self.last = Some(row.sequence.clone());
                    sent.push(row);
                    continue;
                }
                Some(Verdict::Poison(reason)) => {
                    let OutboxRow { partition, sequence, .. } = row;
                    refused.push(Err(Bad { partition, sequence, reason: Some(reason) }));
                    continue;
                }
                Some(Verdict::NoTopic) => RelayError::NoTopic { topic: row.topic },
                Some(Verdict::Again(code)) => RelayError::Publish { code },
                Some(Verdict::Silent) => RelayError::Publish { code: "no answer in time".to_owned() },
                None => RelayError::Late,
            };
            end = end.and(Err(error));
        }
        refused.into_iter().rev().for_each(|row| self.rows.push_front(row));
        (self.sent, self.undeleted) = (self.sent + sent.len(), self.undeleted + sent.len());
        (sent, end)
    }
}
