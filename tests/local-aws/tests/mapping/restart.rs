//! A mapping that stops goes on where it was, and a crash repeats what was not finished.

use std::time::Duration;

use local_aws::mapping::MappingSettings;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, ok};

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

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_a_batch_brings_the_batch_again() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping = bench.mapping(MappingSettings::default());
    let hangs = |_| async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        ok()
    };
    let crash =
        tokio::time::timeout(Duration::from_secs(5), mapping.run(hangs, CancellationToken::new())).await;
    assert!(crash.is_err(), "still in the call when it was dropped");
    assert!(mapping.checkpoints().is_empty());
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b"]);
}
