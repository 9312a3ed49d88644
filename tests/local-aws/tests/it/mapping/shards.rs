//! Shards that end and split, in the order in which AWS requires them to be read.

use std::sync::atomic::{AtomicBool, Ordering};

use local_aws::mapping::{MappingSettings, StartingPosition};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, ok};
use super::scripted::{mapping, record};

/// A stream with a shard that has ended and its two children, one record each.
fn split_stream(operation: &str, body: Value) -> Option<(u16, Value)> {
    let answer = match operation {
        "DescribeStream" => json!({ "StreamDescription": { "StreamStatus": "ENABLED", "Shards": [
            { "ShardId": "child-1", "ParentShardId": "parent" },
            { "ShardId": "child-2", "ParentShardId": "parent" },
            { "ShardId": "parent" },
        ] } }),
        "GetShardIterator" if body["ShardIteratorType"] == "LATEST" => json!({ "ShardIterator": "empty" }),
        "GetShardIterator" => json!({ "ShardIterator": body["ShardId"] }),
        "GetRecords" => {
            let shard = body["ShardIterator"].as_str()?;
            let records = [record(shard, "100000000000000000001")];
            match shard {
                "empty" => json!({ "Records": [], "NextShardIterator": "empty" }),
                "parent" => json!({ "Records": records }),
                _ => json!({ "Records": records, "NextShardIterator": "empty" }),
            }
        }
        _ => return None,
    };
    Some((200, answer))
}

#[tokio::test(start_paused = true)]
async fn a_child_shard_is_read_after_its_parent_is_done() {
    let bench = Bench::new().await;
    let mapping = mapping(&bench, MappingSettings::default(), split_stream);
    // The parent's record fails for a while: its children must wait for it.
    let answer = |call, _: &_| if call < 4 { Err("not yet".to_owned()) } else { ok() };
    bench.run(&mapping, 60, answer).await;
    let calls = bench.calls();
    assert_eq!(calls[..5], ["parent"; 5]);
    let mut children = calls[5..].to_vec();
    children.sort_unstable();
    assert_eq!(children, ["child-1", "child-2"]);
}

#[tokio::test(start_paused = true)]
async fn latest_skips_a_shard_that_has_ended() {
    let bench = Bench::new().await;
    let settings =
        MappingSettings { starting_position: StartingPosition::Latest, ..MappingSettings::default() };
    bench.run(&mapping(&bench, settings, split_stream), 60, |_, _| ok()).await;
    assert!(bench.calls().is_empty(), "{:?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn a_disabled_stream_that_is_read_to_its_end_ends_the_run() {
    let bench = Bench::new().await;
    let mapping = mapping(&bench, MappingSettings::default(), |operation, body| {
        let mut answer = split_stream(operation, body)?;
        if operation == "DescribeStream" {
            answer.1 = json!({ "StreamDescription": { "StreamStatus": "DISABLED", "Shards": [{ "ShardId": "parent" }] } });
        }
        Some(answer)
    });
    mapping.run(|_| async { ok() }, CancellationToken::new()).await.unwrap();
    assert_eq!(mapping.checkpoints()["parent"], "100000000000000000001");
}

#[tokio::test(start_paused = true)]
async fn latest_reads_all_of_a_shard_that_comes_later() {
    let bench = Bench::new().await;
    let looked = AtomicBool::new(false);
    let script = move |operation: &str, body: Value| match operation {
        "DescribeStream" if !looked.swap(true, Ordering::SeqCst) => {
            Some((200, json!({ "StreamDescription": { "Shards": [{ "ShardId": "parent" }] } })))
        }
        "GetRecords" if body["ShardIterator"] == "empty" => Some((200, json!({ "Records": [] }))),
        _ => split_stream(operation, body),
    };
    let settings =
        MappingSettings { starting_position: StartingPosition::Latest, ..MappingSettings::default() };
    bench.run(&mapping(&bench, settings, script), 60, |_, _| ok()).await;
    let mut calls = bench.calls();
    calls.sort_unstable();
    assert_eq!(calls, ["child-1", "child-2"]);
}
