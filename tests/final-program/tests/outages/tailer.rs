//! The relay as a process that reads the stream.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use final_program::relay_of;
use outbox_relay::tail::{self, TailSettings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    scene::{Heard, Kind, OUTBOX, partition, seconds, store},
    wire::{Fate, Wire},
    world::World,
};

const CHILD: &str = "shardId-the-child-of-the-closed-one";

/// The stream of a table whose one shard shows as two: the first batch of records is all that the parent has,
/// and what comes after it is the child's.
#[derive(Default)]
struct Split {
    parent: String,
    /// The last record of the parent.
    end: Option<String>,
    /// Iterators of the child.
    of_child: HashSet<String>,
}

impl Split {
    fn rewrite(&mut self, operation: &str, mut asked: Value, answer: Option<Value>) -> Value {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let is_child = asked["ShardId"] == CHILD;
        match (operation, answer) {
            ("GetShardIterator", None) if is_child => {
                asked["ShardId"] = json!(self.parent);
                if let (Some(end), "TRIM_HORIZON") = (&self.end, text(&asked["ShardIteratorType"]).as_str()) {
                    asked["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
                    asked["SequenceNumber"] = json!(end);
                }
                asked
            }
            (_, None) => asked,
            ("DescribeStream", Some(mut answer)) => {
                let shards = answer["StreamDescription"]["Shards"].as_array_mut().unwrap();
                self.parent = text(&shards[0]["ShardId"]);
                shards[0]["SequenceNumberRange"]["EndingSequenceNumber"] = json!("99999999999999999999999");
                let range = json!({"StartingSequenceNumber": "1"});
                shards.push(
                    json!({"ShardId": CHILD, "ParentShardId": self.parent, "SequenceNumberRange": range}),
                );
                answer
            }
            ("GetShardIterator", Some(answer)) => {
                if is_child {
                    self.of_child.insert(text(&answer["ShardIterator"]));
                }
                answer
            }
            ("GetRecords", Some(mut answer)) => {
                if self.of_child.contains(&text(&asked["ShardIterator"])) {
                    self.of_child.insert(text(&answer["NextShardIterator"]));
                } else if let Some(last) = answer["Records"].as_array().and_then(|records| records.last()) {
                    self.end = Some(text(&last["dynamodb"]["SequenceNumber"]));
                    answer.as_object_mut().unwrap().remove("NextShardIterator");
                }
                answer
            }
            (_, Some(answer)) => answer,
        }
    }
}

/// A closed shard with a subject that keeps failing. Its child is opened all the same, and the sweeper has no
/// part in it.
#[tokio::test(start_paused = true)]
async fn a_subject_that_keeps_failing_does_not_keep_the_next_shard_closed() {
    let world = World::open().await;
    store(&world, 1, &[Kind::Created]).await;
    let split = Arc::new(Mutex::new(Split::default()));
    let wire = Wire::new(&world.aws)
        .rewriting(move |operation, asked, answer| split.lock().unwrap().rewrite(operation, asked, answer));
    let failing = partition(1);
    wire.rule(move |operation, body| {
        match ["BatchGetItem", "Query"].contains(&operation) && body.contains(&failing) {
            true => Fate::Fails,
            false => Fate::Passes,
        }
    });
    let process = world.process_over(wire.client());
    let (relay, stop) = (relay_of(&process, OUTBOX), CancellationToken::new());
    let until = stop.clone();
    let tailing = tokio::spawn(async move {
        let dynamodb = aws_sdk_dynamodb::Client::new(process.aws());
        let streams = aws_sdk_dynamodbstreams::Client::new(process.aws());
        let settings = TailSettings { sweep: Duration::from_secs(1_000_000), ..TailSettings::default() };
        tail::run(relay, &dynamodb, streams, OUTBOX, settings, uuid::Uuid::from_u128(1), until).await;
    });
    seconds(5).await;
    store(&world, 2, &[Kind::Created]).await;
    seconds(30).await;
    let mut heard = Heard::default();
    assert_eq!(heard.kinds(&world, 2).await, ["OrderCreated"], "it is in the child of the closed shard");
    wire.rule(|_, _| Fate::Passes);
    seconds(120).await;
    assert_eq!(heard.kinds(&world, 1).await, ["OrderCreated"], "what failed goes on when it can");
    stop.cancel();
    tailing.await.unwrap();
}
