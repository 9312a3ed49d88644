//! One subject on its way through a wake-up: it is read, sends one message after the other, and its rows are deleted.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    RelayError,
    batch::{MAX_BATCH_BYTES, MAX_ENTRIES},
    damage::{Bad, Row, row_of},
    desk::Desk,
    dispatch::{LONGEST_CHAIN, LONGEST_STEP, Outcome},
    store::Turn,
    verdict::Verdict,
};
use crate::outbox::{OutboxRow, RowKey};

/// A subject, and how far it has come.
pub(super) struct Subject<'a> {
    desk: Arc<Desk<'a>>,
    partition: String,
    /// What is to be sent, in sequence.
    rows: VecDeque<Result<Arc<OutboxRow>, Bad>>,
    /// There may be rows behind these.
    more: bool,
    /// The sequence of the last message of which is known that it was sent.
    last: Option<String>,
    /// How often it had to be looked at again.
    looks: u32,
    sent: usize,
    /// Rows that were sent and are not deleted yet.
    deletions: FuturesUnordered<BoxFuture<'a, Option<Result<(), RelayError>>>>,
    /// Until it has begun.
    looking: Arc<()>,
}

impl<'a> Subject<'a> {
    /// A subject with the rows that were read of it; without any, all of it is to be read.
    pub(super) fn new(desk: Arc<Desk<'a>>, partition: String, rows: Option<Vec<Row>>) -> Self {
        let (more, rows) = (rows.is_none(), rows.unwrap_or_default());
        let rows = rows.into_iter().map(|row| row.map(Arc::new)).collect();
        let (deletions, looking) = (FuturesUnordered::new(), Arc::clone(&desk.looking));
        Self { desk, partition, rows, more, last: None, looks: 0, sent: 0, deletions, looking }
    }

    /// Whatever ends it, what was sent is deleted first.
    pub(super) async fn dispatch(mut self) -> (String, Result<Outcome, RelayError>) {
        self.looking = Arc::default();
        let mut result = self.send_all().await;
        while let Some(deleted) = self.deletions.next().await {
            if let Err(error) = deleted.unwrap_or(Err(RelayError::Unfinished)) {
                result = Err(error);
            }
        }
        (self.partition, result)
    }

    // ANCHOR: send_all
    async fn send_all(&mut self) -> Result<Outcome, RelayError> {
        loop {
            match self.rows.front() {
                None if self.more => self.read().await?,
                None => return Ok(Outcome::Dispatched(self.sent)),
                Some(Ok(row)) if self.is_turn_of(row) => self.send().await?,
                Some(Ok(row)) => self.wait_for_turn_of(Arc::clone(row)).await?,
                Some(Err(bad)) => {
                    if self.is_parked(bad.clone()).await? {
                        return Ok(Outcome::Parked);
                    }
                    self.pass();
                }
            }
        }
    }
    // ANCHOR_END: send_all

    /// Reads the rows behind the last one that was sent.
    async fn read(&mut self) -> Result<(), RelayError> {
        let read = self.desk.relay.store.rows_behind(&self.partition, self.last.as_deref());
        let page = self.desk.look(LONGEST_CHAIN, read).await?;
        self.rows = page.items.into_iter().map(|item| row_of(item).map(Arc::new)).collect();
        self.more = page.next.is_some();
        Ok(())
    }

    /// Whether it is the row's turn without asking anybody: it is the first, or the one before it is known to have been sent.
    fn is_turn_of(&self, row: &OutboxRow) -> bool {
        row.predecessor.is_none() || row.predecessor == self.last
    }

    /// What stands in front of the row is read: at once the first time, and then after a pause. Where a commit is becoming visible there is
    /// nothing to read yet.
    async fn wait_for_turn_of(&mut self, row: Arc<OutboxRow>) -> Result<(), RelayError> {
        let turn = self.desk.turns.ask(Arc::clone(&row)).await.unwrap_or(Err(RelayError::Unfinished))?;
        match turn {
            Turn::Now => self.last.clone_from(&row.predecessor),
            Turn::Over => self.pass(),
            Turn::Behind | Turn::Unclear => {
                self.looks += 1;
                if turn == Turn::Unclear || self.looks > 1 {
                    let pause = self.desk.relay.backoff().delay_after(self.looks);
                    let pause = pause.ok_or(RelayError::Unfinished)?;
                    waiting::pause(pause).await.map_err(|_| RelayError::Unfinished)?;
                }
                if turn == Turn::Behind {
                    self.read().await?;
                }
            }
        }
        Ok(())
    }

    /// The next row was sent, or is gone.
    fn pass(&mut self) {
        self.last = self.rows.pop_front().map(|row| match row {
            Ok(row) => row.sequence.clone(),
            Err(bad) => bad.key.sequence,
        });
    }

    /// Sends the next message, with those behind it that may share its call.
    async fn send(&mut self) -> Result<(), RelayError> {
        while let Some(Some(deleted)) = self.deletions.next().now_or_never() {
            // They will be sent again; more would only be more to send again.
            deleted.unwrap_or(Err(RelayError::Unfinished))?;
        }
        let rows = self.take();
        let verdicts = self.desk.messages.ask(rows.clone()).await.unwrap_or_default();
        let mut left = Vec::new();
        for (row, verdict) in
            rows.into_iter().zip(verdicts.into_iter().chain(std::iter::repeat(Verdict::Late)))
        {
            if verdict == Verdict::Sent {
                self.note_sent(row);
            } else {
                left.push((row, verdict));
            }
        }
        let mut end = Ok(());
        for (row, verdict) in left.into_iter().rev() {
            let row = unsent(row, verdict);
            end = row.1;
            self.rows.push_front(row.0);
        }
        end
    }

    /// The next message, and where its topic gives order up, those behind it that go to the same one.
    fn take(&mut self) -> Vec<Arc<OutboxRow>> {
        let (mut taken, mut bytes, mut most): (Vec<Arc<OutboxRow>>, _, _) = (Vec::new(), MAX_BATCH_BYTES, 1);
        while taken.len() < most {
            let last = taken.last();
            let goes_along = |row: &mut Result<Arc<OutboxRow>, Bad>| match (row, last) {
                (Ok(row), Some(last)) => {
                    let is_next = row.predecessor.as_ref() == Some(&last.sequence);
                    is_next && row.topic == last.topic && row.message.len() <= bytes
                }
                (row, _) => row.is_ok() && last.is_none(),
            };
            let Some(Ok(row)) = self.rows.pop_front_if(goes_along) else { break };
            if self.desk.relay.unordered.contains(&row.topic) {
                most = MAX_ENTRIES;
            }
            bytes = bytes.saturating_sub(row.message.len());
            taken.push(row);
        }
        taken
    }

    fn note_sent(&mut self, row: Arc<OutboxRow>) {
        let (message_id, correlation_id) = (row.message_id, row.correlation_id);
        tracing::info!(%message_id, %correlation_id, kind = row.kind, topic = row.topic, "message_dispatched");
        self.last = Some(row.sequence.clone());
        self.sent += 1;
        self.desk.dispatched.fetch_add(1, Ordering::Relaxed);
        self.deletions.push(self.desk.deletions.ask(row).boxed());
    }

    /// Marks a row that cannot be sent, unless it is marked already or gone.
    async fn is_parked(&mut self, bad: Bad) -> Result<bool, RelayError> {
        let Some(reason) = bad.reason else { return Ok(true) };
        let marked = self.desk.look(LONGEST_STEP, self.desk.relay.store.park(&bad.key, &reason)).await?;
        if marked {
            let RowKey { partition, sequence } = bad.key;
            tracing::error!(partition, sequence, reason, "subject_parked");
        }
        Ok(marked)
    }
}

/// A row that was not sent, and whether it ends the subject's way: one that SNS will never take is to be marked first.
fn unsent(row: Arc<OutboxRow>, verdict: Verdict) -> (Result<Arc<OutboxRow>, Bad>, Result<(), RelayError>) {
    let error = match verdict {
        Verdict::Poison(reason) => {
            let key = RowKey { partition: row.partition.clone(), sequence: row.sequence.clone() };
            return (Err(Bad { key, reason: Some(reason) }), Ok(()));
        }
        Verdict::NoTopic => RelayError::NoTopic { topic: row.topic.clone() },
        Verdict::Again(code) => RelayError::Publish { code },
        Verdict::Silent => RelayError::Publish { code: "no answer in time".to_owned() },
        Verdict::Late | Verdict::Sent => RelayError::Late,
    };
    (Ok(row), Err(error))
}
