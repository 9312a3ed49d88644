//! A lane: one batch at a time, in order, until its records are done or discarded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::context::{Batch, Context};
use super::destination::Condition;
use super::policy::Decision;
use super::record::StreamRecord;
use super::sequence::SequenceNumber;

/// The largest event of a synchronous invocation, 6 MB. From the AWS Lambda Developer Guide,
/// "gettingstarted-limits".
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// `{"Records":[]}`
const EMPTY_EVENT_BYTES: usize = 14;

/// AWS says that Lambda backs off exponentially between retries of a batch, and not from where to where.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Works on its share of a shard's records: all of them, unless the parallelization factor is above 1.
pub(crate) struct Lane {
    pub(crate) context: Arc<Context>,
    pub(crate) shard_id: String,
    pub(crate) inbox: UnboundedReceiver<Vec<StreamRecord>>,
    pub(crate) buffer: VecDeque<StreamRecord>,
}

impl Lane {
    /// Runs until the shard has ended and every record is done, or until the mapping is cancelled.
    pub(crate) async fn run(mut self) {
        while !self.context.cancel.is_cancelled() {
            let Some(records) = self.gather().await else { return };
            self.work_off(Batch { records, failures: 0, invocations: 0, errored: false }).await;
        }
    }

    /// The next batch: what is there, or what comes within the batching window, up to the batch size and 6
    /// MB.
    async fn gather(&mut self) -> Option<Vec<StreamRecord>> {
        let context = self.context.clone();
        while self.buffer.is_empty() {
            let page = context.cancel.run_until_cancelled(self.inbox.recv()).await?;
            self.buffer.extend(page?);
        }
        let window = Duration::from_secs(context.settings.maximum_batching_window_seconds.into());
        let deadline = Instant::now() + window;
        loop {
            while let Ok(page) = self.inbox.try_recv() {
                self.buffer.extend(page);
            }
            let is_full = self.buffer.len() >= context.settings.batch_size;
            if window.is_zero() || is_full || self.next_len() < self.buffer.len() {
                break;
            }
            let wait = tokio::time::timeout_at(deadline, self.inbox.recv());
            match context.cancel.run_until_cancelled(wait).await? {
                Ok(Some(page)) => self.buffer.extend(page),
                Ok(None) | Err(_) => break,
            }
        }
        let len = self.next_len();
        Some(self.buffer.drain(..len).collect())
    }

    fn next_len(&self) -> usize {
        batch_len(self.buffer.iter().map(|record| record.bytes), self.context.settings.batch_size)
    }

    async fn work_off(&self, batch: Batch) {
        let mut work = VecDeque::from([batch]);
        let mut pause = FIRST_PAUSE;
        while let Some(mut batch) = work.pop_front() {
            self.discard_expired(&mut batch).await;
            if batch.records.is_empty() {
                continue;
            }
            if self.context.cancel.is_cancelled() {
                return;
            }
            let answer = self.invoke(&mut batch).await;
            let numbers: Vec<&SequenceNumber> = batch.records.iter().map(|record| &record.number).collect();
            let failed = self.context.policy.first_failure(&numbers, answer.as_ref());
            match self.context.policy.decide(batch.records.len(), batch.failures, failed) {
                Decision::Checkpoint => {
                    self.context.done(&self.shard_id, &batch.records);
                    pause = FIRST_PAUSE;
                }
                Decision::Discard { from } => {
                    self.context.done(&self.shard_id, &batch.records[..from]);
                    batch.records.drain(..from);
                    self.context.discard(&self.shard_id, &batch, Condition::RetryAttemptsExhausted).await;
                }
                Decision::Retry { from, cut, failures } => {
                    self.context.done(&self.shard_id, &batch.records[..from]);
                    let second = batch.records.split_off(cut.unwrap_or(batch.records.len()));
                    batch.records.drain(..from);
                    batch.failures = failures;
                    if !second.is_empty() {
                        work.push_front(Batch { records: second, ..batch });
                    }
                    work.push_front(batch);
                    let paused = self.context.cancel.run_until_cancelled(tokio::time::sleep(pause));
                    if paused.await.is_none() {
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Records are in order of age, so those that are too old are the first of the batch.
    async fn discard_expired(&self, batch: &mut Batch) {
        let expired = batch.records.iter().take_while(|record| self.context.is_expired(record)).count();
        if expired == 0 {
            return;
        }
        let rest = batch.records.split_off(expired);
        self.context.discard(&self.shard_id, batch, Condition::RecordAgeExceeded).await;
        batch.records = rest;
    }

    /// Calls the function; `None` if it failed. A panic counts as a failure, as a crash does in AWS.
    async fn invoke(&self, batch: &mut Batch) -> Option<DynamoDbEventResponse> {
        let mut event = Event::default();
        event.records = batch.records.iter().map(|record| record.event.clone()).collect();
        batch.invocations += 1;
        let call = AbortOnDropHandle::new(tokio::spawn((self.context.handler)(event)));
        let answer = call.await.unwrap_or_else(|panic| Err(panic.to_string()));
        batch.errored = answer.is_err();
        answer
            .inspect_err(|error| {
                tracing::warn!(
                    shard_id = self.shard_id,
                    records = batch.records.len(),
                    error,
                    "the function failed"
                );
            })
            .ok()
    }
}

/// How many of the waiting records go into one batch: at least one, at most `batch_size`, and no more than
/// fit into an event.
fn batch_len(sizes: impl Iterator<Item = usize>, batch_size: usize) -> usize {
    let mut total = EMPTY_EVENT_BYTES;
    let fitting = sizes.take(batch_size).take_while(|bytes| {
        total += bytes + 1;
        total <= MAX_EVENT_BYTES
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_by_count_and_by_size() {
        let len = |sizes: &[usize], batch_size| batch_len(sizes.iter().copied(), batch_size);
        assert_eq!(len(&[10; 5], 3), 3);
        assert_eq!(len(&[10; 2], 3), 2);
        assert_eq!(len(&[2_000_000; 5], 100), 3);
        assert_eq!(len(&[7_000_000, 10], 100), 1);
    }

    #[test]
    fn an_event_at_the_limit_stays_whole_and_one_byte_more_cuts_it() {
        let (first, commas) = (1_000, 2);
        let room = MAX_EVENT_BYTES - EMPTY_EVENT_BYTES - commas - first;
        for (second, len) in [(room - 1, 2), (room, 2), (room + 1, 1)] {
            assert_eq!(batch_len([first, second].into_iter(), 100), len, "{second}");
        }
    }
}
