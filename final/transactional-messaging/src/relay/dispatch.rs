//! Waking subjects: read what is pending, publish it in sequence, advance the watermark.

use std::{collections::HashMap, time::Duration};

use unit_of_work::DynamoDb;
use waiting::Deadline;

use super::{
    RelayError,
    flow::Flow,
    publisher::SnsPublisher,
    store::{OutboxStore, Raced},
    subject::{Page, StoppedBy, Subject},
};
use crate::{
    ambient::Ambient,
    outbox::{RowKey, outbox_table},
};

/// The longest that one step of a subject takes: to read its rows, to publish one message, or to note what was sent. All attempts of
/// the SDK and the pauses between them have to fit into it; what does not is tried again with the subject.
pub(super) const LONGEST_STEP: Duration = Duration::from_secs(10);

/// The longest that a subject with one message takes, from the read to the note. With less than this left of the current
/// [deadline](waiting::Deadline) no subject is begun.
pub const LONGEST_CHAIN: Duration = LONGEST_STEP.saturating_mul(3);

/// How long dispatched rows stay for a look or a replay.
const DEFAULT_KEEP_DISPATCHED: time::Duration = time::Duration::days(7);

/// The relay of one outbox. Any number may run beside each other: a race can publish a message twice, but loses none and advances
/// the watermark once.
#[derive(Clone, Debug)]
pub struct Relay {
    pub(super) store: OutboxStore,
    pub(super) publisher: SnsPublisher,
    pub(super) ambient: Ambient,
}

/// What became of a subject that was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is pending any more; so many messages were dispatched by this call.
    Dispatched(usize),
    /// Its next message cannot be sent; it and the ones behind it wait until somebody unparks the subject.
    Parked,
}

impl Relay {
    /// A relay of the outbox table of this name.
    pub fn new(database: DynamoDb, table_name: &str, publisher: SnsPublisher, ambient: Ambient) -> Self {
        let store = OutboxStore {
            database,
            table: outbox_table(table_name),
            keep_dispatched: DEFAULT_KEEP_DISPATCHED,
        };
        Self { store, publisher, ambient }
    }

    /// Sets how long dispatched rows are kept before their time to live ends.
    #[must_use]
    pub fn keep_dispatched(mut self, keep: time::Duration) -> Self {
        self.store.keep_dispatched = keep;
        self
    }

    /// Dispatches everything that is pending for the subjects with these partition keys. Subjects do not wait for each other's
    /// failures; each has a result of its own.
    ///
    /// Within a [deadline](waiting::Deadline) it ends in time: [`LONGEST_CHAIN`] before it no subject is begun any more, and those that
    /// were not have [`RelayError::Late`] as their result.
    pub async fn wake(&self, partitions: Vec<String>) -> HashMap<String, Result<Outcome, RelayError>> {
        let mut results = HashMap::new();
        self.wake_each(partitions, |partition, result| drop(results.insert(partition, result))).await;
        results
    }

    /// The same, for a caller that wants each result as soon as its subject is done: the slowest topic may take long.
    pub async fn wake_each(
        &self,
        mut partitions: Vec<String>,
        report: impl FnMut(String, Result<Outcome, RelayError>) + Send,
    ) {
        partitions.sort_unstable();
        partitions.dedup();
        Flow::new(self, report).run(partitions).await;
    }

    /// Dispatches the messages with these keys, as stream records name them, and what is committed behind them meanwhile if it is seen. The
    /// results are those of their subjects, by partition key. Unlike [`wake`](Self::wake) it shares the reads of many subjects.
    pub async fn wake_rows(&self, keys: Vec<RowKey>) -> HashMap<String, Result<Outcome, RelayError>> {
        let mut results = HashMap::new();
        self.wake_rows_each(keys, |partition, result| drop(results.insert(partition, result))).await;
        results
    }

    /// The same, for a caller that wants each result as soon as its subject is done: the slowest topic may take long.
    pub async fn wake_rows_each(
        &self,
        keys: Vec<RowKey>,
        report: impl FnMut(String, Result<Outcome, RelayError>) + Send,
    ) {
        self.wake_each(keys.into_iter().map(|key| key.partition).collect(), report).await;
    }

    /// Lets a parked subject go on, and wakes it.
    ///
    /// # Errors
    ///
    /// [`RelayError`] when the mark could not be removed or the subject could not be dispatched.
    pub async fn unpark(&self, partition: &str) -> Result<Outcome, RelayError> {
        self.store.unpark(self.ambient.id(), partition).await?;
        let mut results = self.wake(vec![partition.to_owned()]).await;
        results.remove(partition).unwrap_or(Ok(Outcome::Dispatched(0)))
    }

    // ANCHOR: settle
    /// Notes what was sent of a subject's page, by itself and as soon as its last message is out.
    pub(super) async fn settle(&self, subject: &Subject) -> Result<Page, RelayError> {
        let Subject { partition, pending, sent, stopped_by, .. } = subject;
        if pending.head.parked.is_some() {
            return Ok(Page::Parked);
        }
        let sent = pending.rows.get(..*sent).unwrap_or_default();
        let noted = self.store.settle(self.ambient.id(), partition, &pending.head, sent, self.ambient.now());
        if let Err(Raced) = Deadline::after(LONGEST_STEP).scope(noted).await? {
            tracing::debug!(partition, "relay_was_overtaken");
            return Ok(Page::Overtaken);
        }
        match stopped_by {
            Some(StoppedBy::Error(error)) => Err(error.to_error()),
            Some(StoppedBy::Poison(reason)) => self.park(subject, reason).await,
            None => match &pending.damage {
                Some(damage) => self.park(subject, &damage.to_string()).await,
                // A row committed since the read has a wake-up of its own: no need to read again and see.
                None => Ok(if pending.more { Page::More } else { Page::Last }),
            },
        }
    }
    // ANCHOR_END: settle

    async fn park(&self, subject: &Subject, reason: &str) -> Result<Page, RelayError> {
        let Subject { partition, pending, sent, .. } = subject;
        let mut head = pending.head.clone();
        if let Some(row) = sent.checked_sub(1).and_then(|last| pending.rows.get(last)) {
            head.watermark = Some(row.sequence.clone());
        }
        let head = if pending.is_headless() { None } else { Some(&head) };
        let parked = self.store.park(self.ambient.id(), partition, head, reason);
        if let Err(Raced) = Deadline::after(LONGEST_STEP).scope(parked).await? {
            return Ok(Page::Overtaken);
        }
        let message_id = subject.next_row().map(|row| row.message_id.to_string()).unwrap_or_default();
        tracing::error!(partition, message_id, reason, "subject_parked");
        Ok(Page::Parked)
    }
}
