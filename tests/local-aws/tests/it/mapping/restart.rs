//! A mapping that stops goes on where it was, and a crash repeats what was not finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local_aws::mapping::{EventSourceMapping, MappingSettings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, ok};
use super::scripted::{self, record};

#[tokio::test(start_paused = true)]
async fn a_second_run_goes_on_at_the_checkpoint() {
    let bench = Bench::new().await;
    let mapping = bench.mapping(MappingSettings::default());
    bench.put_all("a b").await;
    bench.run(&mapping, 5, |_, _| ok()).await;
    bench.put_all("c").await;
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_waits_for_the_call_in_flight() {
    let bench = Bench::new().await;
    bench.put("a").await;
    let mapping = bench.mapping(MappingSettings::default());
    let cancel = CancellationToken::new();
    let handler = {
        let cancel = cancel.clone();
        move |_| {
            let cancel = cancel.clone();
            async move {
                cancel.cancel();
                tokio::time::sleep(Duration::from_secs(30)).await;
                ok()
            }
        }
    };
    mapping.run(handler, cancel).await.unwrap();
    assert_eq!(mapping.checkpoints().len(), 1, "the call was finished and counted");
}

/// Drops the run in the middle of a call.
async fn crash(mapping: &EventSourceMapping) {
    let hangs = |_| async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        ok()
    };
    let ran =
        tokio::time::timeout(Duration::from_secs(5), mapping.run(hangs, CancellationToken::new())).await;
    assert!(ran.is_err(), "still in the call when it was dropped");
    assert!(mapping.checkpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_a_batch_brings_the_batch_again() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping = bench.mapping(MappingSettings::default());
    crash(&mapping).await;
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b"]);
}

#[tokio::test(start_paused = true)]
async fn what_left_the_stream_since_the_crash_does_not_hold_the_checkpoint_back() {
    let bench = Bench::new().await;
    let trimmed = Arc::new(AtomicBool::new(false));
    let is_trimmed = trimmed.clone();
    let script = move |operation: &str, body: Value| {
        if operation != "GetRecords" || body["ShardIterator"] == "end" {
            return (operation == "GetRecords")
                .then(|| (200, json!({ "Records": [], "NextShardIterator": "end" })));
        }
        let (old, new) = (record("a", "100000000000000000001"), record("b", "100000000000000000002"));
        let first = if is_trimmed.load(Ordering::SeqCst) { new } else { old };
        Some((200, json!({ "Records": [first], "NextShardIterator": "end" })))
    };
    let mapping = scripted::mapping(&bench, MappingSettings::default(), script);
    crash(&mapping).await;
    trimmed.store(true, Ordering::SeqCst);
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["b"]);
    assert_eq!(mapping.checkpoints().into_values().collect::<Vec<_>>(), ["100000000000000000002"]);
}
