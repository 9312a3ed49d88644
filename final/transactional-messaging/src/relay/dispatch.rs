//! Waking subjects: read what is pending, publish it in sequence, advance the watermark.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use time::Duration;
use unit_of_work::DynamoDb;

use super::{
    RelayError,
    publisher::{SnsPublisher, Verdict},
    store::{OutboxStore, Pending, Raced},
};
use crate::{ambient::Ambient, outbox::OutboxRow, outbox::outbox_table};

/// How many subjects are read or settled at once.
const CONCURRENT_SUBJECTS: usize = 16;
/// How often a subject's rows are read again in one call because there were more, or because another relay was faster.
const MAX_PAGES: usize = 50;
/// How long dispatched rows stay for a look or a replay.
const DEFAULT_KEEP_DISPATCHED: Duration = Duration::days(7);

/// The relay of one outbox. Any number may run beside each other: a race can publish a message twice, but loses none and advances
/// the watermark once.
#[derive(Clone, Debug)]
pub struct Relay {
    pub(super) store: OutboxStore,
    publisher: SnsPublisher,
    pub(super) ambient: Ambient,
}

/// What became of a subject that was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is pending any more; so many messages were dispatched by this call.
    Dispatched(usize),
    /// So many messages were dispatched by this call; the next one is scheduled for later.
    Waiting(usize),
    /// Its next message cannot be sent; it and the ones behind it wait until somebody unparks the subject.
    Parked,
}

/// How a subject stands after a page of its rows.
enum Page {
    /// There is nothing behind it.
    Last,
    /// What is behind it is not due yet.
    Waiting,
    /// There are more rows, or another relay was faster: read again.
    More,
    /// The subject is parked.
    Parked,
}

/// One subject on its way through a call.
struct Subject {
    partition: String,
    pending: Pending,
    sent: usize,
    stopped_by: Option<Verdict>,
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
    pub fn keep_dispatched(mut self, keep: Duration) -> Self {
        self.store.keep_dispatched = keep;
        self
    }

    /// Dispatches everything that is pending for the subjects with these partition keys. Subjects do not wait for each other's
    /// failures; each has a result of its own.
    pub async fn wake(&self, partitions: Vec<String>) -> HashMap<String, Result<Outcome, RelayError>> {
        let mut results: HashMap<String, Result<Outcome, RelayError>> = HashMap::new();
        let mut sent_before: HashMap<String, usize> = HashMap::new();
        let mut open = partitions;
        open.sort_unstable();
        open.dedup();
        for _ in 0..MAX_PAGES {
            if open.is_empty() {
                return results;
            }
            let (subjects, failed) = self.read(std::mem::take(&mut open)).await;
            results.extend(failed);
            for (partition, sent, page) in self.dispatch_page(subjects).await {
                let total = sent_before.entry(partition.clone()).or_default();
                *total += sent;
                match page {
                    Ok(Page::Last) => drop(results.insert(partition, Ok(Outcome::Dispatched(*total)))),
                    Ok(Page::Waiting) => drop(results.insert(partition, Ok(Outcome::Waiting(*total)))),
                    Ok(Page::Parked) => drop(results.insert(partition, Ok(Outcome::Parked))),
                    Ok(Page::More) => open.push(partition),
                    Err(error) => drop(results.insert(partition, Err(error))),
                }
            }
        }
        results.extend(open.into_iter().map(|partition| (partition, Err(RelayError::Unfinished))));
        results
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

    async fn read(
        &self,
        partitions: Vec<String>,
    ) -> (Vec<Subject>, HashMap<String, Result<Outcome, RelayError>>) {
        let now = self.ambient.now();
        let mut reads = stream::iter(partitions)
            .map(|partition| async move { (self.store.pending(&partition, now).await, partition) })
            .buffer_unordered(CONCURRENT_SUBJECTS);
        let (mut subjects, mut failed) = (Vec::new(), HashMap::new());
        while let Some((pending, partition)) = reads.next().await {
            match pending {
                Ok(pending) => subjects.push(Subject { partition, pending, sent: 0, stopped_by: None }),
                Err(error) => drop(failed.insert(partition, Err(error))),
            }
        }
        // Reads end in any order; sending must not depend on it.
        subjects.sort_by(|a, b| a.partition.cmp(&b.partition));
        (subjects, failed)
    }

    /// Publishes one page of each subject and settles it: the partition, how many messages were sent, and how it stands.
    async fn dispatch_page(
        &self,
        mut subjects: Vec<Subject>,
    ) -> Vec<(String, usize, Result<Page, RelayError>)> {
        self.publish_in_rounds(&mut subjects).await;
        let settled = stream::iter(subjects)
            .map(|subject| async move {
                let result = self.settle(&subject).await;
                (subject.partition, subject.sent, result)
            })
            .buffer_unordered(CONCURRENT_SUBJECTS);
        settled.collect().await
    }

    // ANCHOR: publish_in_rounds
    /// In each round every subject sends its next message, so that messages of one subject follow each other and messages of many
    /// subjects share calls.
    async fn publish_in_rounds(&self, subjects: &mut [Subject]) {
        loop {
            let mut going: Vec<_> =
                subjects.iter_mut().filter(|subject| subject.next_row().is_some()).collect();
            let rows: Vec<_> = going.iter().filter_map(|subject| subject.next_row()).cloned().collect();
            if rows.is_empty() {
                return;
            }
            let verdicts = self.publisher.send(&rows.iter().collect::<Vec<_>>()).await;
            for ((subject, row), verdict) in going.iter_mut().zip(&rows).zip(verdicts) {
                if verdict == Verdict::Sent {
                    subject.sent += 1;
                    let (id, correlation_id) = (row.message_id, row.correlation_id);
                    tracing::info!(message_id = %id, %correlation_id, kind = row.kind, topic = row.topic, "message_dispatched");
                } else {
                    subject.stopped_by = Some(verdict);
                }
            }
        }
    }
    // ANCHOR_END: publish_in_rounds

    // ANCHOR: settle
    async fn settle(&self, subject: &Subject) -> Result<Page, RelayError> {
        let Subject { partition, pending, sent, stopped_by } = subject;
        if pending.head.parked.is_some() {
            return Ok(Page::Parked);
        }
        let now = self.ambient.now();
        let (sent, waiting) = pending.rows.split_at(*sent);
        if let Err(Raced) = self.store.settle(self.ambient.id(), partition, &pending.head, sent, now).await? {
            tracing::debug!(partition, "relay_was_overtaken");
            return Ok(Page::More);
        }
        match stopped_by {
            // A row committed since the read has a wake-up of its own: no need to read again and see.
            None | Some(Verdict::Sent) if pending.waiting => Ok(Page::Waiting),
            None | Some(Verdict::Sent) => Ok(if pending.more { Page::More } else { Page::Last }),
            Some(Verdict::Again(code)) => Err(RelayError::Publish { code: code.clone() }),
            Some(Verdict::Poison(reason)) => {
                self.park(partition, pending, sent.last(), waiting.first(), reason).await
            }
        }
    }
    // ANCHOR_END: settle

    async fn park(
        &self,
        partition: &str,
        pending: &Pending,
        last_sent: Option<&OutboxRow>,
        poison: Option<&OutboxRow>,
        reason: &str,
    ) -> Result<Page, RelayError> {
        let mut head = pending.head.clone();
        if let Some(row) = last_sent {
            head.watermark = Some(row.sequence.clone());
        }
        if let Err(Raced) = self.store.park(self.ambient.id(), partition, &head, reason).await? {
            return Ok(Page::More);
        }
        let message_id = poison.map(|row| row.message_id.to_string()).unwrap_or_default();
        tracing::error!(partition, message_id, reason, "subject_parked");
        Ok(Page::Parked)
    }
}

impl Subject {
    fn next_row(&self) -> Option<&OutboxRow> {
        if self.stopped_by.is_some() { None } else { self.pending.rows.get(self.sent) }
    }
}
