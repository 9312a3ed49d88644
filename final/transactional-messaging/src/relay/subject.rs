//! One subject on its way through a wake-up.

use std::collections::VecDeque;

use super::{
    RelayError,
    damage::{Bad, Row, sequence_of},
    dispatch::Outcome,
    verdict::Verdict,
};
use crate::outbox::{OutboxRow, RowKey};

/// A subject, and how far it has come.
pub(super) struct Subject {
    pub(super) partition: String,
    /// What is to be sent, in sequence.
    pub(super) rows: VecDeque<Row>,
    /// There may be rows behind these.
    pub(super) more: bool,
    /// The sequence of the last message of which is known that it was sent.
    pub(super) last: Option<String>,
    /// How many reads of it are under way.
    pub(super) reading: usize,
    /// How often it had to be looked at again.
    pub(super) looks: u32,
    /// How many of its messages were sent, and how many rows of them have still to be deleted.
    pub(super) sent: usize,
    pub(super) undeleted: usize,
    /// Why a row that was sent could not be deleted.
    pub(super) unsettled: Option<RelayError>,
    pub(super) end: Option<End>,
    pub(super) is_told: bool,
}

/// Why nothing more of it is sent.
pub(super) enum End {
    Done,
    Parked,
    Failed(RelayError),
}

/// What comes next.
pub(super) enum Next {
    /// The message goes to this topic.
    Send(String),
    /// It has to be seen whether it is the message's turn.
    Prove,
    /// The row cannot be sent, and is to be marked.
    Mark(RowKey, String),
    Read,
    Nothing(End),
}

impl Subject {
    pub(super) fn new(partition: String) -> Self {
        Self {
            partition,
            rows: VecDeque::new(),
            more: false,
            last: None,
            reading: 0,
            looks: 0,
            sent: 0,
            undeleted: 0,
            unsettled: None,
            end: None,
            is_told: false,
        }
    }

    pub(super) fn next(&self) -> Next {
        match self.rows.front() {
            // It will be sent again; more would only be more to send again.
            _ if self.unsettled.is_some() => Next::Nothing(End::Done),
            None if self.more => Next::Read,
            None => Next::Nothing(End::Done),
            Some(Ok(row)) if self.is_turn_of(row) => Next::Send(row.topic.clone()),
            Some(Ok(_)) => Next::Prove,
            Some(Err(Bad { key, reason: Some(reason) })) => Next::Mark(key.clone(), reason.clone()),
            Some(Err(_)) => Next::Nothing(End::Parked),
        }
    }

    /// Whether it is the row's turn without asking anybody.
    fn is_turn_of(&self, row: &OutboxRow) -> bool {
        row.predecessor.is_none() || row.predecessor == self.last
    }

    /// The next row, of which it is the turn, was sent or is known to have been.
    pub(super) fn pass(&mut self) {
        self.last = self.rows.pop_front().map(|row| sequence_of(&row).to_owned());
    }

    /// Its predecessor is known to have been sent.
    pub(super) fn let_go(&mut self) {
        if let Some(Ok(row)) = self.rows.front() {
            self.last.clone_from(&row.predecessor);
        }
    }

    /// Takes the next message, and those behind it that may share a call with it: `most` of the same topic, of so many bytes together.
    pub(super) fn take(&mut self, most: usize, mut bytes: usize) -> Vec<OutboxRow> {
        let mut taken: Vec<OutboxRow> = Vec::with_capacity(most.min(self.rows.len()));
        while taken.len() < most {
            let last = taken.last();
            let goes_along = |row: &mut Row| match (row, last) {
                (Ok(row), Some(last)) => {
                    let is_next = row.predecessor.as_ref() == Some(&last.sequence);
                    is_next && row.topic == last.topic && row.message.len() <= bytes
                }
                (row, None) => row.is_ok(),
                (Err(_), _) => false,
            };
            let Some(Ok(row)) = self.rows.pop_front_if(goes_along) else { break };
            bytes = bytes.saturating_sub(row.message.len());
            taken.push(row);
        }
        taken
    }

    /// A message was sent; its row is to be deleted.
    pub(super) fn note_sent(&mut self, row: &OutboxRow) {
        let (message_id, correlation_id) = (row.message_id, row.correlation_id);
        tracing::info!(%message_id, %correlation_id, kind = row.kind, topic = row.topic, "message_dispatched");
        self.last = Some(row.sequence.clone());
        self.sent += 1;
        self.undeleted += 1;
    }

    /// A message was not sent. Of several the last ones come first.
    pub(super) fn give_back(&mut self, row: OutboxRow, verdict: Verdict) {
        let code = match verdict {
            Verdict::Poison(reason) => {
                let key = RowKey { partition: row.partition, sequence: row.sequence };
                self.end = None;
                return self.rows.push_front(Err(Bad { key, reason: Some(reason) }));
            }
            Verdict::NoTopic => {
                self.end = Some(End::Failed(RelayError::NoTopic { topic: row.topic.clone() }));
                return self.rows.push_front(Ok(row));
            }
            Verdict::Again(code) => Some(code),
            Verdict::Silent => Some("no answer in time".to_owned()),
            Verdict::Late | Verdict::Sent => None,
        };
        let error = code.map_or(RelayError::Late, |code| RelayError::Publish { code });
        self.end = Some(End::Failed(error));
        self.rows.push_front(Ok(row));
    }

    /// The result, once there is nothing left to wait for.
    pub(super) fn result(&mut self) -> Option<Result<Outcome, RelayError>> {
        if self.undeleted > 0 || self.is_told {
            return None;
        }
        let end = self.end.take()?;
        let result = match self.unsettled.take().map_or(end, End::Failed) {
            End::Done => Ok(Outcome::Dispatched(self.sent)),
            End::Parked => Ok(Outcome::Parked),
            End::Failed(error) => Err(error),
        };
        self.is_told = true;
        Some(result)
    }
}
