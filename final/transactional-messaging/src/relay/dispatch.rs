//! The relay of one outbox: what it works with, what it is told, and what it answers.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use unit_of_work::{DynamoDb, Table};
use waiting::{Backoff, Deadline};

use super::{RelayError, broker::Broker, store::OutboxStore};
use crate::{
    ambient::Ambient,
    message::Subject,
    outbox::{RowKey, outbox_table},
};

/// The longest that one step of a subject takes: to read its rows, to see whose turn it is, to publish one
/// message, or to delete what was sent. All attempts of the SDK and the pauses between them have to fit into
/// it; what does not is tried again with the subject.
pub(super) const LONGEST_STEP: Duration = Duration::from_secs(10);

/// The longest that a subject with one message takes, from the read to the deletion. With less than this left
/// of the current [deadline](waiting::Deadline) no subject is begun.
pub const LONGEST_CHAIN: Duration = LONGEST_STEP.saturating_mul(4);

/// How often a subject is looked at while a commit of it becomes visible, or a batch is asked for again of
/// which only a part was done; the pauses in between come to 7 s at most.
const LOOKS: u32 = 16;

/// The relay of one outbox. Any number may run beside each other: a race can publish a message twice, but
/// loses none and publishes none for the first time before its predecessor.
#[derive(Clone, Debug)]
pub struct Relay {
    pub(super) store: OutboxStore,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) ambient: Ambient,
    pub(super) unordered: Arc<HashSet<String>>,
}

/// What became of a subject that was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to send of what was asked for; so many messages were dispatched by this call.
    Dispatched(usize),
    /// Its next message cannot be sent; it and the ones behind it wait until somebody unparks the subject.
    Parked,
}

/// The result of each subject that was woken.
pub type Results = HashMap<Subject, Result<Outcome, RelayError>>;

/// Where something may be to send.
#[derive(Clone, Debug)]
pub enum News {
    /// Subjects, of which everything that waits is dispatched.
    Subjects(Vec<Subject>),
    /// Rows, as stream records name them.
    Rows(Vec<RowKey>),
}

impl Relay {
    /// A relay from the outbox table of this name to this broker.
    pub fn new(
        database: DynamoDb,
        table_name: &str,
        broker: impl Broker + 'static,
        ambient: Ambient,
    ) -> Self {
        let store = OutboxStore { database, table: outbox_table(table_name), sent: None };
        Self { store, broker: Arc::new(broker), ambient, unordered: Arc::default() }
    }

    /// Keeps what was sent in the table of this name for so long: each message is put there before its row is
    /// deleted, which costs one write more. Its key is that of the outbox, its time to live is `ExpiresAt`.
    /// Without this nothing is kept of a message that was sent.
    #[must_use]
    pub fn keep_sent(mut self, table_name: &str, keep: time::Duration) -> Self {
        self.store.sent = Some((Table::new(table_name, "PK").with_sort_key("SK"), keep));
        self
    }

    /// Topics, without the prefix of a deployment, to which order means nothing: up to ten messages of one
    /// subject go to them in one call, instead of one call for each.
    ///
    /// What is then no longer given, for these topics and for what the same subjects send to others: SNS may
    /// take a part of a call. Of messages 1, 2 and 3 it may take 1 and 3; 2 is sent again, and arrives after
    /// 3 and whatever stands behind it. Consumers that look at the sequence (a
    /// [`SequenceGuard`](crate::consumer::SequenceGuard)) take 2 for outdated. Still given: at least once,
    /// and nothing that was not committed.
    #[must_use]
    pub fn without_order(mut self, topics: impl IntoIterator<Item = String>) -> Self {
        self.unordered = Arc::new(topics.into_iter().collect());
        self
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.ambient.id(), LOOKS, Duration::from_millis(10), Duration::from_millis(800))
    }
}

/// Whether so much time is left of the current deadline.
pub(super) fn is_time_for(time: Duration) -> bool {
    Deadline::current().is_none_or(|deadline| deadline.left() >= time)
}
