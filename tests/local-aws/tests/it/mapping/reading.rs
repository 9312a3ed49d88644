//! What is read, what is skipped, and how it is gathered into batches.

use std::time::Duration;

use local_aws::mapping::{Filter, MappingError, MappingSettings, StartingPosition};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, ok};
use support::tables;

#[tokio::test(start_paused = true)]
async fn trim_horizon_reads_what_was_there_before() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    bench.run(&bench.mapping(MappingSettings::default()), 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b"]);
}

#[tokio::test(start_paused = true)]
async fn latest_reads_only_what_comes_after() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let settings =
        MappingSettings { starting_position: StartingPosition::Latest, ..MappingSettings::default() };
    let mapping = bench.mapping(settings);
    let later = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        bench.put("c").await;
    };
    tokio::join!(bench.run(&mapping, 5, |_, _| ok()), later);
    assert_eq!(bench.calls(), ["c"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_no_filter_matches_is_skipped_and_checkpointed() {
    let bench = Bench::new().await;
    bench.put_all("order-1 customer-1 order-2").await;
    tables::put(&bench.db, "outbox", "order-1", "changed").await;
    let settings = MappingSettings {
        filter_criteria: vec![
            Filter::parse(
                r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"id":{"S":[{"prefix":"order-"}]}}}}"#,
            )
            .unwrap(),
        ],
        ..MappingSettings::default()
    };
    let mapping = bench.mapping(settings);
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["order-1 order-2"]);
    let after = mapping.checkpoints();
    bench.put("customer-2").await;
    bench.run(&mapping, 5, |_, _| ok()).await;
    assert_eq!(bench.calls().len(), 1, "the skipped change of order-1 did not come again");
    assert!(after.values().next() < mapping.checkpoints().values().next());
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_at_most_batch_size_records() {
    let bench = Bench::new().await;
    bench.put_all("a b c d e").await;
    let settings = MappingSettings { batch_size: 2, ..MappingSettings::default() };
    bench.run(&bench.mapping(settings), 5, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b", "c d", "e"]);
}

#[tokio::test(start_paused = true)]
async fn a_window_gathers_records_until_it_ends_or_the_batch_is_full() {
    let bench = Bench::new().await;
    let settings =
        MappingSettings { batch_size: 3, maximum_batching_window_seconds: 60, ..MappingSettings::default() };
    let mapping = bench.mapping(settings);
    let (calls_full, calls_early) = tokio::join!(
        async {
            for id in ["a", "b", "c", "d", "e"] {
                bench.put(id).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            let full = bench.calls();
            tokio::time::sleep(Duration::from_secs(40)).await;
            (full, bench.calls())
        },
        bench.run(&mapping, 100, |_, _| ok()),
    )
    .0;
    assert_eq!(calls_full, ["a b c"], "the full batch did not wait");
    assert_eq!(calls_early, ["a b c"], "the window of d is still open");
    assert_eq!(bench.calls(), ["a b c", "d e"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_cut_before_its_event_passes_six_megabytes() {
    let bench = Bench::new().await;
    let large = "x".repeat(390_000);
    for index in 0..17 {
        tables::put(&bench.db, "outbox", &format!("{index:02}"), &large).await;
    }
    bench.run(&bench.mapping(MappingSettings::default()), 10, |_, _| ok()).await;
    let sizes: Vec<_> = bench.calls().iter().map(|ids| ids.split(' ').count()).collect();
    assert_eq!(sizes, [16, 1], "16 records of 390 kB fit into 6 MiB, 17 do not");
}

#[tokio::test(start_paused = true)]
async fn settings_that_aws_refuses_are_refused() {
    let bench = Bench::new().await;
    let default = MappingSettings::default;
    let refused = [
        MappingSettings { batch_size: 0, ..default() },
        MappingSettings { batch_size: 10_001, ..default() },
        MappingSettings { parallelization_factor: 11, ..default() },
        MappingSettings { maximum_batching_window_seconds: 301, ..default() },
        MappingSettings { maximum_retry_attempts: -2, ..default() },
        MappingSettings { maximum_record_age_seconds: 59, ..default() },
    ];
    for settings in refused {
        let run = bench.mapping(settings);
        let error = run.run(|_| async { ok() }, CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, MappingError::InvalidSetting { .. }), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_exist_ends_the_run() {
    let bench = Bench::new().await;
    bench.put("a").await;
    let mapping = bench.mapping(MappingSettings::default());
    let gone = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        bench.db.delete_table().table_name("outbox").send().await.unwrap();
    };
    let (ended, ()) = tokio::join!(mapping.run(|_| async { ok() }, CancellationToken::new()), gone);
    assert!(matches!(ended, Err(MappingError::StreamNotFound { .. })), "{ended:?}");
}
