//! Reading one shard to its end.

use std::time::Duration;

use aws_sdk_dynamodbstreams::{
    Client as Streams,
    error::ProvideErrorMetadata as _,
    types::{AttributeValue, OperationType, Record, ShardIteratorType},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{LONGEST_CALL, LONGEST_PAUSE, pace::Pace, positions::Positions};
use crate::outbox::RowKey;

/// The pause after the first read that failed.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The reader of one shard.
pub(super) struct Reader {
    streams: Streams,
    stream_arn: String,
    shard: String,
    pace: Pace,
    positions: Positions,
    /// The last record that was read; what was handed over is in the positions.
    position: Option<String>,
}

/// Why nothing was read.
enum Unread {
    /// The shard is not there any more: nothing of it is left to read.
    Gone,
    /// The code says why.
    Failed(String),
}

impl Reader {
    /// A reader that goes on where the last one of the shard has left it, or else at the shard's oldest
    /// record.
    pub(super) fn new(
        streams: Streams,
        stream_arn: String,
        shard: String,
        pace: Pace,
        positions: Positions,
    ) -> Self {
        let position = positions.of(&shard);
        Self { streams, stream_arn, shard, pace, positions, position }
    }

    /// Reads until the shard is closed and all of it was handed over, or until `stop`. Returns the shard's
    /// id.
    pub(super) async fn run(mut self, news: mpsc::Sender<Vec<RowKey>>, stop: CancellationToken) -> String {
        let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.shard.as_bytes());
        let mut outage =
            Outage::new("reading_the_stream_failed", &*self.shard, seed, FIRST_PAUSE, LONGEST_PAUSE);
        let mut iterator = None;
        while let Some(read) = stop.run_until_cancelled(self.read(iterator.take())).await {
            let pause = match read {
                Ok((rows, next)) => {
                    outage.over();
                    let pause = self.pace.after(!rows.is_empty());
                    if !self.hand_over(rows, &news, &stop).await || next.is_none() {
                        break;
                    }
                    iterator = next;
                    pause
                }
                Err(Unread::Gone) => {
                    tracing::info!(shard = self.shard, "shard_gone");
                    break;
                }
                Err(Unread::Failed(code)) => outage.failed(code),
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        self.shard
    }

    /// Whether somebody took them.
    async fn hand_over(
        &self,
        rows: Vec<RowKey>,
        news: &mpsc::Sender<Vec<RowKey>>,
        stop: &CancellationToken,
    ) -> bool {
        let taken = rows.is_empty()
            || stop.run_until_cancelled(news.send(rows)).await.is_some_and(|sent| sent.is_ok());
        if let (true, Some(position)) = (taken, &self.position) {
            self.positions.advance(&self.shard, position);
        }
        taken
    }

    /// The rows of the next records and the iterator after them; none at the shard's end.
    async fn read(&mut self, iterator: Option<String>) -> Result<(Vec<RowKey>, Option<String>), Unread> {
        let reading = in_time(self.read_on(iterator));
        let late = |_| Err(Unread::Failed("no answer in time".to_owned()));
        Deadline::after(LONGEST_CALL).scope(reading).await.unwrap_or_else(late)
    }

    async fn read_on(&mut self, iterator: Option<String>) -> Result<(Vec<RowKey>, Option<String>), Unread> {
        let iterator = match iterator {
            Some(iterator) => iterator,
            None => self.iterator().await?,
        };
        let answer = match self.streams.get_records().shard_iterator(iterator).send().await {
            Ok(answer) => answer,
            // Also when the shard is said to be gone: here that can pass, and a new iterator will tell.
            Err(error) => return Err(self.failed(error.code())),
        };
        let records = answer.records.unwrap_or_default();
        if let Some(last) = records.iter().rev().find_map(sequence_number) {
            self.position = Some(last);
        }
        Ok((records.iter().filter_map(row_of).collect(), answer.next_shard_iterator))
    }

    /// An iterator expires after 15 minutes; a new one goes on after the last record.
    async fn iterator(&mut self) -> Result<String, Unread> {
        let request = self.streams.get_shard_iterator().stream_arn(&self.stream_arn).shard_id(&self.shard);
        let request = match &self.position {
            Some(position) => {
                request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).sequence_number(position)
            }
            None => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
        };
        match request.send().await {
            Ok(answer) => {
                answer.shard_iterator.ok_or_else(|| Unread::Failed("no iterator in the answer".to_owned()))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Err(Unread::Gone),
            Err(error) => Err(self.failed(error.code())),
        }
    }

    /// A position older than 24 hours has left the stream, with an iterator or without: go on at the oldest
    /// record. What was trimmed before it was read is found by the sweeper.
    fn failed(&mut self, code: Option<&str>) -> Unread {
        if code == Some("TrimmedDataAccessException") {
            self.position = None;
        }
        Unread::Failed(code.unwrap_or("no answer").to_owned())
    }
}

fn sequence_number(record: &Record) -> Option<String> {
    record.dynamodb()?.sequence_number().map(str::to_owned)
}

/// Only keys are needed, and of records only those of new rows. One whose kind is not told costs a read.
fn row_of(record: &Record) -> Option<RowKey> {
    if matches!(record.event_name(), Some(OperationType::Modify | OperationType::Remove)) {
        return None;
    }
    let keys = record.dynamodb()?.keys()?;
    let text = |name| keys.get(name).and_then(|value: &AttributeValue| value.as_s().ok());
    RowKey::of_subject(text("PK")?, text("SK")?)
}
