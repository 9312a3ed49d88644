//! The relay as a long-running process that reads the stream by itself: for development, for tests, and for
//! those who run containers but no functions.
//!
//! Any number of tailers may be started for a table: one works, the others wait for its
//! [`lease`](TailSettings::lease). DynamoDB allows two readers of a shard at most, and two relays at once
//! would send many messages twice. With the lease the tailer notes how far it has read, so that a restart
//! goes on from there; a position that left the stream (it keeps 24 hours) is given up for the oldest record.

mod keeper;
mod lease;
mod overdue;
mod pace;
mod positions;
mod shard;
mod stream;

use std::{collections::HashSet, pin::pin, time::Duration};

use aws_sdk_dynamodbstreams::Client as Streams;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use self::{lease::Lease, pace::Pace, positions::Positions};
use super::with_causes;
use crate::{error::BoxError, outbox::RowKey, relay::Relay};

/// After it was asked to stop it has so long, as the services have. What is left then is found by the next
/// start.
pub const GRACE: Duration = Duration::from_secs(20);
/// What is in work has so long to come to its end; the rest of the grace is for giving up the lease.
const GRACE_OF_WORK: Duration = Duration::from_secs(17);

/// The partition key of what a tailer notes in the outbox table. No subject's begins like it.
const NOTES: &str = "#TAILER";

/// A call that reads the stream, or describes it, is given up after this.
const LONGEST_CALL: Duration = Duration::from_secs(20);
/// The longest pause of a reader whose stream cannot be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause between looks for a table that is not there. Somebody is about to make it.
const LONGEST_WAIT_FOR_TABLE: Duration = Duration::from_millis(1_500);

/// How a tailer works.
#[derive(Clone, Copy, Debug)]
pub struct TailSettings {
    /// The pause after a read that brought rows. AWS allows five reads of a shard in a second, so it must not
    /// be shorter than 200 ms there.
    pub shortest_pause: Duration,
    /// The pause of a reader at rest, to which it grows while no rows come. Lambda reads four times a second
    /// ("AWS Lambda Developer Guide, Using AWS Lambda with Amazon DynamoDB").
    pub longest_pause: Duration,
    /// How often new shards are looked for.
    pub discovery: Duration,
    /// How often the sweeper runs, and how old a pending row must be for it: rows younger than that are on
    /// their way by the stream.
    pub sweep: Duration,
    /// How long a tailer that waits must see nothing of the one that works before it takes over. It is
    /// renewed three times in its length, each time for one write unit in ten shards, and given up at a stop,
    /// so that only a crash makes others wait for it.
    pub lease: Duration,
}

/// Safe on AWS.
impl Default for TailSettings {
    fn default() -> Self {
        Self {
            shortest_pause: Duration::from_millis(200),
            longest_pause: Duration::from_millis(250),
            discovery: Duration::from_secs(10),
            sweep: Duration::from_secs(60),
            lease: Duration::from_secs(6),
        }
    }
}

impl TailSettings {
    /// For an AWS on the same machine, which counts no reads, and processes that are stopped and started at a
    /// desk.
    pub fn nearby() -> Self {
        Self {
            shortest_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(25),
            lease: Duration::from_secs(2),
            ..Self::default()
        }
    }
}

/// Tails the stream of the outbox table until `stop` is cancelled, and for [`GRACE`] longer at most; waits
/// for the table and for its lease first. `owner` tells this tailer from all others and from itself before a
/// restart.
pub async fn run(
    relay: Relay,
    dynamodb: &aws_sdk_dynamodb::Client,
    streams: Streams,
    table: &str,
    settings: TailSettings,
    owner: Uuid,
    stop: CancellationToken,
) {
    let lease = Lease::new(dynamodb, table, owner, settings.lease);
    let tailer = Tailer { relay, dynamodb, streams, table, settings };
    while let Some(positions) = stop.run_until_cancelled(lease.acquired()).await {
        let held = stop.child_token();
        let mut work = pin!(tailer.work(&positions, held.clone()));
        tokio::select! {
            () = &mut work => lease.given_up(&positions).await,
            () = lease.kept(&positions) => {
                held.cancel();
                work.await;
            }
        }
    }
}

struct Tailer<'a> {
    relay: Relay,
    dynamodb: &'a aws_sdk_dynamodb::Client,
    streams: Streams,
    table: &'a str,
    settings: TailSettings,
}

impl Tailer<'_> {
    /// Reads and sends until `stop` is cancelled, and for the grace that what is in work has.
    async fn work(&self, positions: &Positions, stop: CancellationToken) {
        // Few: what is in here when the process is killed has been read, and waits for the sweep.
        let (news, subjects) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(keeper::Keeper::new(self.relay.clone()).run(subjects, stop.clone()));
        tasks.spawn(overdue::find(self.relay.clone(), self.settings.sweep, news.clone(), stop.clone()));
        self.read(news, positions, &stop).await;
        while tasks.join_next().await.is_some() {}
    }

    /// Keeps a reader at each shard that may be read.
    async fn read(&self, news: mpsc::Sender<Vec<RowKey>>, positions: &Positions, stop: &CancellationToken) {
        let (mut reading, mut finished) = (HashSet::new(), HashSet::new());
        let mut shards = JoinSet::new();
        let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.table.as_bytes());
        let (first, longest) = (self.settings.longest_pause, LONGEST_WAIT_FOR_TABLE);
        let mut outage = Outage::new("stream_not_found", self.table, seed, first, longest);
        let pace = Pace::new(self.settings.shortest_pause, self.settings.longest_pause);
        while let Some(found) = stop.run_until_cancelled(self.describe()).await {
            let pause = match found {
                Ok(found) => {
                    outage.over();
                    for shard in stream::ready(&found.shards, &reading, &finished) {
                        tracing::info!(shard, table = self.table, "shard_opened");
                        reading.insert(shard.clone());
                        let (streams, arn) = (self.streams.clone(), found.arn.clone());
                        let reader = shard::Reader::new(streams, arn, shard, pace, positions.clone());
                        shards.spawn(reader.run(news.clone(), stop.clone()));
                    }
                    // What is not listed any more was trimmed, and does not come back.
                    let listed = found.listed();
                    finished.retain(|shard: &String| listed.contains(shard.as_str()));
                    positions.keep(&listed);
                    if reading.is_empty() { self.settings.longest_pause } else { self.settings.discovery }
                }
                Err(error) => outage.failed(with_causes(&*error)),
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
    }

    async fn describe(&self) -> Result<stream::Found, BoxError> {
        let described = in_time(stream::shards_of(self.dynamodb, &self.streams, self.table));
        Deadline::after(LONGEST_CALL).scope(described).await.map_err(BoxError::from).flatten()
    }
}
