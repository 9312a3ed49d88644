//! The relay as a long-running process that reads the stream by itself: for development, for tests, and for those who run containers
//! but no functions.
//!
//! It keeps no position. A restart reads the stream from its beginning (24 hours at most); subjects that were dispatched cost two
//! reads and publish nothing. DynamoDB allows two readers of a shard at most, so run one tailer, or two for a hand-over.

mod keeper;
mod shard;
mod stream;

use std::{collections::HashSet, time::Duration};

use aws_sdk_dynamodbstreams::Client as Streams;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use transactional_messaging::relay::Relay;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use crate::sweep;

/// After it was asked to stop, what is in work has so long to come to its end, as in the services. What is left is found by the next
/// start.
pub const GRACE: Duration = Duration::from_secs(20);

/// A call that reads the stream, or describes it, is given up after this.
const LONGEST_CALL: Duration = Duration::from_secs(20);
/// The longest pause of a reader whose stream cannot be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause between looks for a table that is not there. Somebody is about to make it.
const LONGEST_WAIT_FOR_TABLE: Duration = Duration::from_millis(1_500);

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

/// Tails the stream of the outbox table until `stop` is cancelled, and for [`GRACE`] longer at most.
pub async fn run(
    relay: Relay,
    dynamodb: &aws_sdk_dynamodb::Client,
    streams: Streams,
    table: &str,
    settings: TailSettings,
    stop: CancellationToken,
) {
    let (news, subjects) = mpsc::channel(100);
    let mut tasks = JoinSet::new();
    tasks.spawn(keeper::Keeper::new(relay.clone()).run(subjects, stop.clone()));
    tasks.spawn(sweep::find(relay, settings.sweep, news.clone(), stop.clone()));
    let (mut reading, mut finished) = (HashSet::new(), HashSet::new());
    let mut shards = JoinSet::new();
    let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, table.as_bytes());
    let mut outage = Outage::new("stream_not_found", table, seed, settings.poll, LONGEST_WAIT_FOR_TABLE);
    let describe = async || {
        let described = in_time(stream::shards_of(dynamodb, &streams, table));
        Deadline::after(LONGEST_CALL).scope(described).await.map_err(anyhow::Error::from).flatten()
    };
    while let Some(found) = stop.run_until_cancelled(describe()).await {
        let pause = match found {
            Ok(found) => {
                outage.over();
                for shard in stream::ready(&found.shards, &reading, &finished) {
                    tracing::info!(shard, table, "shard_opened");
                    reading.insert(shard.clone());
                    let reader = shard::Reader::new(streams.clone(), found.arn.clone(), shard, settings.poll);
                    shards.spawn(reader.run(news.clone(), stop.clone()));
                }
                // What is not listed any more was trimmed, and does not come back.
                finished.retain(|id| found.shards.iter().any(|shard| shard.shard_id() == Some(id)));
                if reading.is_empty() { settings.poll } else { settings.discovery }
            }
            Err(error) => outage.failed(format!("{error:#}")),
        };
        tokio::select! {
            () = stop.cancelled() => {}
            Some(Ok(shard)) = shards.join_next() => {
                reading.remove(&shard);
                finished.insert(shard);
            }
            () = tokio::time::sleep(pause) => {}
        }
    }
    while shards.join_next().await.is_some() {}
    while tasks.join_next().await.is_some() {}
}
