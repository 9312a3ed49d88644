//! One subject on its way through a wake-up.

use super::{RelayError, store::Pending, verdict::Verdict};
use crate::outbox::OutboxRow;

/// A subject, and how far it has come.
pub(super) struct Subject {
    pub(super) partition: String,
    pub(super) pending: Pending,
    /// How many of the pending rows were sent.
    pub(super) sent: usize,
    /// How many messages were sent by this call before those.
    pub(super) sent_before: usize,
    /// How often its rows were read.
    pub(super) pages: u32,
    pub(super) stopped_by: Option<StoppedBy>,
}

/// Why the next row is not sent now.
pub(super) enum StoppedBy {
    /// It may be sent another time.
    Error(Stop),
    /// As it is, it can never be sent.
    Poison(String),
}

/// What may pass.
pub(super) enum Stop {
    Refused(String),
    NoTopic(String),
    Late,
}

/// How a subject stands after a page of its rows.
pub(super) enum Page {
    /// There is nothing behind it.
    Last,
    /// There are more rows.
    More,
    /// Another relay was faster: read again.
    Overtaken,
    /// The subject is parked.
    Parked,
}

impl Subject {
    pub(super) fn new(partition: String, pending: Pending, sent_before: usize, pages: u32) -> Self {
        Self { partition, pending, sent: 0, sent_before, pages, stopped_by: None }
    }

    /// The message to send next, if any can be sent.
    pub(super) fn next_row(&self) -> Option<&OutboxRow> {
        self.pending.rows.get(self.sent)
    }

    /// The topic of the message to send next; none if the page is done or something stopped it.
    pub(super) fn next_topic(&self) -> Option<&str> {
        self.next_row().filter(|_| self.stopped_by.is_none()).map(|row| row.topic.as_str())
    }

    /// What became of its next message.
    pub(super) fn note(&mut self, verdict: Verdict) {
        let Some(row) = self.pending.rows.get(self.sent) else { return };
        self.stopped_by = match verdict {
            Verdict::Sent => {
                let (message_id, correlation_id) = (row.message_id, row.correlation_id);
                tracing::info!(%message_id, %correlation_id, kind = row.kind, topic = row.topic, "message_dispatched");
                self.sent += 1;
                None
            }
            Verdict::Again(code) => Some(StoppedBy::Error(Stop::Refused(code))),
            Verdict::NoTopic => Some(StoppedBy::Error(Stop::NoTopic(row.topic.clone()))),
            Verdict::Poison(reason) => Some(StoppedBy::Poison(reason)),
        };
    }
}

impl Stop {
    pub(super) fn to_error(&self) -> RelayError {
        match self {
            Self::Refused(code) => RelayError::Publish { code: code.clone() },
            Self::NoTopic(topic) => RelayError::NoTopic { topic: topic.clone() },
            Self::Late => RelayError::Late,
        }
    }
}
