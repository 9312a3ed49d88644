//! The relay as a long-running process that reads the stream by itself: for development, for tests, and for those who run containers
//! but no functions.
//!
//! It keeps no position. A restart reads the stream from its beginning (24 hours at most); subjects that were dispatched cost two
//! reads and publish nothing. DynamoDB allows two readers of a shard at most, so run one tailer, or two for a hand-over.

mod failing;
mod shard;
mod stream;

use std::{collections::HashSet, time::Duration};

use aws_sdk_dynamodbstreams::Client as Streams;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transactional_messaging::relay::Relay;

use crate::sweep;

/// How a tailer works.
#[derive(Clone, Copy, Debug)]
pub struct TailSettings {
    /// The pause after a read that brought nothing. Lambda reads four times a second ("AWS Lambda Developer Guide, Using AWS Lambda with
    /// Amazon DynamoDB").
    pub poll: Duration,
    /// How often new shards are looked for.
    pub discovery: Duration,
    /// How often the sweeper runs, and how old a pending row must be for it: rows younger than that are on their way by the stream.
    pub sweep: Duration,
}

impl Default for TailSettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(250),
            discovery: Duration::from_secs(10),
            sweep: Duration::from_secs(60),
        }
    }
}

/// Tails the stream of the outbox table until `stop` is cancelled.
pub async fn run(
    relay: Relay,
    dynamodb: &aws_sdk_dynamodb::Client,
    streams: Streams,
    table: &str,
    settings: TailSettings,
    stop: CancellationToken,
) {
    let mut tasks = JoinSet::new();
    tasks.spawn(sweep::run(relay.clone(), settings.sweep, stop.clone()));
    let mut started = HashSet::new();
    let mut finished = HashSet::new();
    let mut shards = JoinSet::new();
    while !stop.is_cancelled() {
        match stream::shards_of(dynamodb, &streams, table).await {
            Ok(found) => {
                for shard in stream::ready(&found.shards, &started, &finished) {
                    tracing::info!(shard, table, "shard_opened");
                    started.insert(shard.clone());
                    let reader = shard::Reader::new(streams.clone(), found.arn.clone(), shard, settings.poll);
                    shards.spawn(reader.run(relay.clone(), stop.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(table, error = format!("{error:#}"), "stream_not_found")
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(Ok(shard)) = shards.join_next() => drop(finished.insert(shard)),
            () = tokio::time::sleep(pause(&started, settings)) => {}
        }
    }
    while shards.join_next().await.is_some() {}
    while tasks.join_next().await.is_some() {}
}

/// Until the table exists there is nothing else to do, so ask for it often.
fn pause(started: &HashSet<String>, settings: TailSettings) -> Duration {
    if started.is_empty() { settings.poll } else { settings.discovery }
}
