//! Reading one shard to its end.

use std::time::Duration;

use aws_sdk_dynamodbstreams::{
    Client as Streams,
    error::ProvideErrorMetadata as _,
    types::{AttributeValue, OperationType, Record, ShardIteratorType},
};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{outbox::is_head, relay::Relay};

use super::failing::Failing;
use crate::wake::{WakeUp, wake_all};

/// The reader of one shard.
pub(super) struct Reader {
    streams: Streams,
    stream_arn: String,
    shard: String,
    poll: Duration,
    /// The last record that was read; what it woke may still be failing.
    position: Option<String>,
}

impl Reader {
    pub(super) fn new(streams: Streams, stream_arn: String, shard: String, poll: Duration) -> Self {
        Self { streams, stream_arn, shard, poll, position: None }
    }

    /// Reads until the shard is closed and everything it woke is dispatched, or until `stop`. Returns the shard's id.
    pub(super) async fn run(mut self, relay: Relay, stop: CancellationToken) -> String {
        let mut iterator = None;
        let mut failing = Failing::new(relay.clone());
        let mut at_end = false;
        while !(stop.is_cancelled() || at_end && failing.is_empty()) {
            let read = if at_end { Ok((Vec::new(), None)) } else { self.read(iterator.take()).await };
            let (news, failed) = match read {
                Ok((records, next)) => {
                    at_end = next.is_none();
                    iterator = next;
                    (records, false)
                }
                Err(code) => {
                    tracing::warn!(shard = self.shard, code, "reading_the_stream_failed");
                    (Vec::new(), true)
                }
            };
            let idle = failed || news.is_empty();
            let news = failing.keep_back(news);
            if !news.is_empty() {
                failing.add(wake_all(&relay, news).await);
            }
            failing.try_again();
            if idle {
                stop.run_until_cancelled(tokio::time::sleep(self.poll)).await;
            }
        }
        self.shard
    }

    /// The next records and the iterator after them; none at the shard's end.
    async fn read(&mut self, iterator: Option<String>) -> Result<(Vec<WakeUp>, Option<String>), String> {
        let iterator = match iterator {
            Some(iterator) => iterator,
            None => self.iterator().await?,
        };
        let answer = match self.streams.get_records().shard_iterator(iterator).send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(error.code())),
        };
        let records = answer.records.unwrap_or_default();
        if let Some(last) = records.last().and_then(sequence_number) {
            self.position = Some(last);
        }
        Ok((records.iter().filter_map(wake_up).collect(), answer.next_shard_iterator))
    }

    /// An iterator expires after 15 minutes; a new one goes on after the last record.
    async fn iterator(&mut self) -> Result<String, String> {
        let request = self.streams.get_shard_iterator().stream_arn(&self.stream_arn).shard_id(&self.shard);
        let request = match &self.position {
            Some(position) => {
                request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).sequence_number(position)
            }
            None => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
        };
        match request.send().await {
            Ok(answer) => answer.shard_iterator.ok_or_else(|| "no iterator in the answer".to_owned()),
            Err(error) => Err(self.failed(error.code())),
        }
    }

    /// A position older than 24 hours has left the stream, with an iterator or without: go on at the oldest record. What was trimmed
    /// before it was read is found by the sweeper.
    fn failed(&mut self, code: Option<&str>) -> String {
        if code == Some("TrimmedDataAccessException") {
            self.position = None;
        }
        code.unwrap_or("no answer").to_owned()
    }
}

fn sequence_number(record: &Record) -> Option<String> {
    record.dynamodb()?.sequence_number().map(str::to_owned)
}

fn wake_up(record: &Record) -> Option<WakeUp> {
    if record.event_name() != Some(&OperationType::Insert) {
        return None;
    }
    let keys = record.dynamodb()?.keys()?;
    match (keys.get("PK")?, keys.get("SK")?) {
        (AttributeValue::S(partition), AttributeValue::S(sort_key)) if !is_head(sort_key) => {
            Some(WakeUp { partition: partition.clone(), record: sequence_number(record)? })
        }
        _ => None,
    }
}
