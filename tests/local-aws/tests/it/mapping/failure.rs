//! Failed batches: rewinding, bisecting, giving up, and what the destination is told.

use aws_lambda_events::event::dynamodb::Event;
use local_aws::mapping::{Condition, MappingSettings, OnFailure};

use super::bench::{Bench, failed, failed_ids, ids, ok};

fn reporting() -> MappingSettings {
    MappingSettings { report_batch_item_failures: true, ..MappingSettings::default() }
}

#[tokio::test(start_paused = true)]
async fn it_rewinds_to_the_lowest_failed_record() {
    let bench = Bench::new().await;
    bench.put_all("a b c d e").await;
    let answer = |call, event: &_| if call == 0 { failed_ids(event, &["d", "c"]) } else { ok() };
    bench.run(&bench.mapping(reporting()), 10, answer).await;
    assert_eq!(bench.calls(), ["a b c d e", "c d e"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_identifier_fails_the_whole_batch() {
    let bench = Bench::new().await;
    bench.put_all("a b c").await;
    let answer = |call, _: &_| match call {
        0 => failed(["123456789012345678901"]),
        1 => failed([""]),
        _ => ok(),
    };
    bench.run(&bench.mapping(reporting()), 10, answer).await;
    assert_eq!(bench.calls(), ["a b c"; 3]);
}

#[tokio::test(start_paused = true)]
async fn reported_failures_are_ignored_unless_switched_on() {
    let bench = Bench::new().await;
    bench.put_all("a b c").await;
    let answer = |_, event: &_| failed_ids(event, &["b"]);
    bench.run(&bench.mapping(MappingSettings::default()), 10, answer).await;
    assert_eq!(bench.calls(), ["a b c"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_panic_fail_the_whole_batch() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let answer = |call, _: &_| match call {
        0 => Err("broken".to_owned()),
        1 => panic!("the handler crashes, on purpose"),
        _ => ok(),
    };
    bench.run(&bench.mapping(reporting()), 10, answer).await;
    assert_eq!(bench.calls(), ["a b"; 3]);
}

#[tokio::test(start_paused = true)]
async fn when_retries_run_out_a_queue_gets_metadata_only_and_the_shard_goes_on() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let settings = MappingSettings {
        batch_size: 2,
        maximum_retry_attempts: 2,
        on_failure: Some(OnFailure::QueueOrTopic(bench.destination())),
        ..reporting()
    };
    bench.put("c").await;
    let answer = |_, event: &Event| {
        if event.records.len() == 2 { Err("broken".to_owned()) } else { ok() }
    };
    let mapping = bench.mapping(settings);
    bench.run(&mapping, 60, answer).await;
    assert_eq!(bench.calls(), ["a b", "a b", "a b", "c"]);

    let [record] = &bench.discarded()[..] else { panic!("one record: {:?}", bench.discarded()) };
    assert_eq!(record.payload, None);
    assert_eq!(record.request_context.condition, Condition::RetryAttemptsExhausted);
    assert_eq!(record.request_context.approximate_invoke_count, 3);
    assert_eq!(record.response_context.as_ref().unwrap().function_error.as_deref(), Some("Unhandled"));
    assert_eq!(record.batch.batch_size, 2);
    assert_eq!(record.batch.stream_arn, bench.stream_arn);
    assert_eq!(record.batch.approximate_arrival_of_first_record, "2026-01-01T00:00:00Z");
    assert!(record.batch.start_sequence_number < record.batch.end_sequence_number);
    assert!(*mapping.checkpoints().values().next().unwrap() > record.batch.end_sequence_number);

    let json = serde_json::to_value(record).unwrap();
    assert_eq!(json["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(json["DDBStreamBatchInfo"]["shardId"], "shardId-00000001-outbox");
    assert!(json.get("payload").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_gets_the_records_too_from_the_checkpoint_on() {
    let bench = Bench::new().await;
    bench.put_all("a b c").await;
    let on_failure = Some(OnFailure::S3(bench.destination()));
    let settings = MappingSettings { maximum_retry_attempts: 1, on_failure, ..reporting() };
    bench.run(&bench.mapping(settings), 60, |_, event| failed_ids(event, &["b"])).await;
    assert_eq!(bench.calls(), ["a b c", "b c"]);
    let [record] = &bench.discarded()[..] else { panic!("one record: {:?}", bench.discarded()) };
    assert_eq!(record.response_context.as_ref().unwrap().function_error, None, "it answered, so no error");
    let records = record.payload.as_ref().unwrap()["Records"].as_array().unwrap();
    let kept: Vec<_> = records.iter().map(|record| &record["dynamodb"]["NewImage"]["id"]["S"]).collect();
    assert_eq!(kept, ["b", "c"], "c did nothing wrong, and is discarded with b");
    assert_eq!(records[0]["dynamodb"]["SequenceNumber"], record.batch.start_sequence_number);
}

#[tokio::test(start_paused = true)]
async fn bisecting_isolates_the_bad_record_without_using_up_retries() {
    let in_the_first_half = ["a b c d", "a b", "a", "a", "b", "c d"];
    let in_the_second_half = ["a b c d", "a b", "c d", "c", "c", "d"];
    for (bad, calls) in [("a", in_the_first_half), ("c", in_the_second_half)] {
        let bench = Bench::new().await;
        bench.put_all("a b c d").await;
        let settings = MappingSettings {
            bisect_batch_on_function_error: true,
            maximum_retry_attempts: 1,
            on_failure: Some(OnFailure::QueueOrTopic(bench.destination())),
            ..MappingSettings::default()
        };
        let answer = |_, event: &Event| {
            if ids(event).contains(&bad.to_owned()) { Err("bad".to_owned()) } else { ok() }
        };
        bench.run(&bench.mapping(settings), 60, answer).await;
        assert_eq!(bench.calls(), calls);
        assert_eq!(bench.discarded().len(), 1);
        assert_eq!(bench.discarded()[0].batch.batch_size, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_grow_too_old_are_discarded_however_many_retries_are_left() {
    let bench = Bench::new().await;
    bench.put("a").await;
    tokio::time::sleep(std::time::Duration::from_secs(40)).await;
    bench.put("b").await;
    let settings = MappingSettings {
        maximum_record_age_seconds: 60,
        on_failure: Some(OnFailure::S3(bench.destination())),
        ..MappingSettings::default()
    };
    bench.run(&bench.mapping(settings), 150, |_, _| Err("broken".to_owned())).await;
    let ages: Vec<_> = bench.discarded().iter().map(|record| record.request_context.condition).collect();
    assert_eq!(ages, [Condition::RecordAgeExceeded; 2], "a first, b when it is old enough itself");
    assert_eq!(bench.calls().first().unwrap(), "a b");
    assert_eq!(bench.calls().last().unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn for_ever_is_as_long_as_the_stream_keeps_a_record() {
    let bench = Bench::new().await;
    bench.put("a").await;
    let settings = MappingSettings {
        poll_interval: std::time::Duration::from_secs(600),
        on_failure: Some(OnFailure::QueueOrTopic(bench.destination())),
        ..MappingSettings::default()
    };
    let mapping = bench.mapping(settings);
    bench.run(&mapping, 23 * 3600, |_, _| Err("broken".to_owned())).await;
    assert!(bench.discarded().is_empty() && bench.calls().len() > 1000, "{} calls", bench.calls().len());
    bench.run(&mapping, 2 * 3600, |_, _| Err("broken".to_owned())).await;
    assert_eq!(bench.discarded()[0].request_context.condition, Condition::RecordAgeExceeded);
}
