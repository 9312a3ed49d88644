//! The calls that subjects share, and what each answer is to those that wait for it.
//!
//! One subject's failure must not be another's: what fails together is called for one by one.

use std::{
    iter::repeat,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use tokio::sync::Semaphore;
use unit_of_work::Item;
use waiting::Deadline;

use super::Flow;
use crate::{
    outbox::OutboxRow,
    relay::{
        RelayError,
        broker::Verdict,
        dispatch::{LONGEST_CHAIN, LONGEST_STEP, Relay, is_time_for},
        row::{Bad, key_of},
        shared::{Of, first, sharing},
        store::Turn,
    },
    timestamp,
};

/// How many rows share a read, a look at whose turn it is, and a deletion ("Amazon DynamoDB API Reference":
/// `BatchGetItem` takes 100 items, `TransactGetItems` 100, which are 50 pairs, and `BatchWriteItem` 25).
pub(super) const ROWS_A_READ: usize = 100;
pub(super) const PAIRS_A_LOOK: usize = 50;
pub(super) const ROWS_A_DELETION: usize = 25;
/// How many calls to the outbox are under way at once, and how many to one topic.
pub(super) const CONCURRENT_CALLS: usize = 8;

/// What is done with the answer to a call.
pub(super) type Answer<'a> = Box<dyn FnOnce(&mut Flow<'a>) + Send + 'a>;

/// The calls to one topic.
pub(super) struct Topic {
    permits: Semaphore,
    /// It did not answer in time: to wait for it again would keep everybody for as long again.
    is_silent: AtomicBool,
}

impl<'a> Flow<'a> {
    /// Reads the rows with these keys, which are of these subjects. What is not read so is read subject by
    /// subject.
    pub(super) fn read_rows(&mut self, ids: Vec<usize>, keys: Vec<Item>) {
        self.push(Arc::clone(&self.looking), |relay, outbox| async move {
            let read = async || relay.store.rows(keys).await.map_err(RelayError::Read);
            let read = in_turn(&outbox, LONGEST_CHAIN, read).await;
            answer(move |flow| {
                let is_read = read.is_ok();
                let (mut rows, unread) = read.unwrap_or_default();
                rows.sort_unstable_by(|a, b| key_of(a).cmp(&key_of(b)));
                let mut rows = rows.into_iter().peekable();
                for id in ids {
                    let subject = &mut flow.subjects[id];
                    subject.more |= !is_read || unread.contains(&subject.partition);
                    subject.take_from(&mut rows);
                    flow.wake(id, Ok(()));
                }
            })
        });
    }

    /// Reads the rows of the subject behind the last one that was sent.
    pub(super) fn read_on(&mut self, id: usize) {
        let (partition, last) = (self.subjects[id].partition.clone(), self.subjects[id].last.clone());
        self.push(Arc::clone(&self.looking), |relay, outbox| async move {
            let read =
                async || relay.store.rows_behind(&partition, last.as_deref()).await.map_err(RelayError::Read);
            let read = in_turn(&outbox, LONGEST_CHAIN, read).await;
            answer(move |flow| {
                let subject = &mut flow.subjects[id];
                let read = read.map(|(rows, more)| (subject.rows, subject.more) = (rows.into(), more));
                flow.wake(id, read);
            })
        });
    }

    /// Asks whose turn it is.
    pub(super) fn look(&mut self, rows: Of<OutboxRow>) {
        self.push(Arc::clone(&self.looking), |relay, outbox| async move {
            let turns =
                async || relay.store.turns(rows.iter().map(|(_, row)| row)).await.map_err(RelayError::Read);
            let turns = in_turn(&outbox, LONGEST_STEP.saturating_mul(3), turns).await;
            answer(move |flow| match turns {
                Ok(turns) => {
                    let turns = turns.into_iter().chain(repeat(Turn::Unclear));
                    for ((id, row), turn) in rows.into_iter().zip(turns) {
                        flow.subjects[id].seen(row, turn);
                        flow.wake(id, Ok(()));
                    }
                }
                Err(error) => match <[_; 1]>::try_from(rows) {
                    Ok([(id, _)]) => flow.wake(id, Err(error)),
                    Err(several) => several.into_iter().for_each(|row| flow.look(vec![row])),
                },
            })
        });
    }

    /// A pause between two looks; nobody else waits for it.
    pub(super) fn pause(&mut self, id: usize, looks: u32) {
        let pause = self.relay.backoff().delay_after(looks).ok_or(RelayError::Unfinished);
        self.push(Arc::default(), |_, _| async move {
            let paused = match pause {
                Ok(pause) => waiting::pause(pause).await.map_err(|_| RelayError::Unfinished),
                Err(error) => Err(error),
            };
            answer(move |flow| flow.wake(id, paused))
        });
    }

    /// Marks a row that cannot be sent.
    pub(super) fn mark(&mut self, id: usize, bad: Bad) {
        self.push(Arc::clone(&self.looking), |relay, outbox| async move {
            let marked = async || {
                let marked = relay.store.mark(&bad.partition, &bad.sequence, bad.reason.as_deref());
                marked.await.map_err(RelayError::Settle)
            };
            let marked = in_turn(&outbox, LONGEST_STEP, marked).await;
            answer(move |flow| {
                let marked = marked.map(|was_there| flow.subjects[id].marked(bad, was_there));
                flow.wake(id, marked);
            })
        });
    }

    /// Sends messages.
    pub(super) fn send(&mut self, mut messages: Of<Vec<OutboxRow>>) {
        // Reads end in any order; which messages share a call must not depend on it.
        messages.sort_unstable_by(|(_, a), (_, b)| place_of(a).cmp(&place_of(b)));
        while let Some((name, _)) = messages.first().and_then(|(_, rows)| place_of(rows)) {
            let name = name.to_owned();
            let count = sharing(&messages, self.relay.broker.limits());
            let some = first(&mut messages, count);
            let new = || Topic { permits: Semaphore::new(CONCURRENT_CALLS), is_silent: false.into() };
            let topic = Arc::clone(self.topics.entry(name.clone()).or_insert_with(|| Arc::new(new())));
            self.push(Arc::clone(&self.sending), |relay, _| async move {
                let rows: Vec<_> = some.iter().flat_map(|(_, rows)| rows).collect();
                let publish = async || {
                    if topic.is_silent.load(Ordering::Relaxed) {
                        return Ok(vec![Verdict::Silent; rows.len()]);
                    }
                    let verdicts = relay.broker.publish(&name, &rows).await;
                    topic.is_silent.fetch_or(verdicts.contains(&Verdict::Silent), Ordering::Relaxed);
                    Ok(verdicts)
                };
                let verdicts = in_turn(&topic.permits, LONGEST_STEP.saturating_mul(2), publish).await;
                answer(move |flow| {
                    let mut verdicts = verdicts.unwrap_or_default().into_iter();
                    for (id, rows) in some {
                        let (sent, result) = flow.subjects[id].answered(rows, &mut verdicts);
                        flow.sent += sent.len();
                        tell(relay, &sent);
                        sent.into_iter().for_each(|row| flow.deletions.push(id, row));
                        flow.wake(id, result);
                    }
                })
            });
        }
    }

    /// Deletes rows that were sent.
    pub(super) fn delete(&mut self, rows: Of<OutboxRow>) {
        self.push(Arc::default(), |relay, outbox| async move {
            let deleted = async || {
                let of_these = rows.iter().map(|(_, row)| row);
                let deleted = relay.store.delete(of_these, relay.ambient.now(), relay.backoff());
                deleted.await.map_err(RelayError::Settle)
            };
            let deleted = in_turn(&outbox, Duration::ZERO, deleted).await;
            answer(move |flow| match deleted {
                Ok(()) => rows.into_iter().for_each(|(id, _)| flow.deleted(id, Ok(()))),
                Err(error) => match <[_; 1]>::try_from(rows) {
                    Ok([(id, _)]) => {
                        // Its row is still there, so it is sent again.
                        metrics::counter!("outbox.repeated.messages").increment(1);
                        flow.deleted(id, Err(error));
                    }
                    Err(several) => several.into_iter().for_each(|row| flow.delete(vec![row])),
                },
            })
        });
    }

    fn push<C>(&mut self, under_way: Arc<()>, call: impl FnOnce(&'a Relay, Arc<Semaphore>) -> C)
    where
        C: Future<Output = Answer<'a>> + Send + 'a,
    {
        let call = call(self.relay, Arc::clone(&self.outbox));
        self.calls.push(Box::pin(call.inspect(move |_| drop(under_way))));
    }
}

/// How many were sent, and how long each had waited since it was made.
fn tell(relay: &Relay, sent: &[OutboxRow]) {
    let Some(OutboxRow { topic, .. }) = sent.first() else { return };
    let now = relay.ambient.now();
    let label = "messaging.destination.name";
    metrics::counter!("outbox.dispatched.messages", label => topic.clone()).increment(sent.len() as u64);
    let delays = metrics::histogram!("outbox.dispatch.delay", label => topic.clone());
    for made in sent.iter().filter_map(|row| timestamp::parse(&row.created_at).ok()) {
        delays.record((now - made).as_seconds_f64().max(0.0));
    }
}

fn answer<'a>(answer: impl FnOnce(&mut Flow<'a>) + Send + 'a) -> Answer<'a> {
    Box::new(answer)
}

/// A call, when there is a permit for it, and if there is time then for what it is the first of. A future of
/// the SDK's takes 30 to 40 KB in a test build: one that waits for its permit is not made yet.
async fn in_turn<T>(
    permits: &Semaphore,
    chain: Duration,
    call: impl AsyncFnOnce() -> Result<T, RelayError>,
) -> Result<T, RelayError> {
    let _permit = permits.acquire().await;
    if !is_time_for(chain) {
        return Err(RelayError::Late);
    }
    Box::pin(Deadline::after(LONGEST_STEP).scope(call())).await
}

/// Where these messages of one subject go, and whose they are.
fn place_of(rows: &[OutboxRow]) -> Option<(&str, &str)> {
    rows.first().map(|row| (&*row.topic, &*row.partition))
}
