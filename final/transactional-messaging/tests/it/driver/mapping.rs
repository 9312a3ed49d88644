//! The function behind an event source mapping that follows AWS's rules: batches, rewinds, retries, crashes.

use std::{collections::HashSet, time::Duration};

use aws_lambda_events::event::dynamodb::Event;
use local_aws::mapping::{EventSourceMapping, MappingSettings};
use tokio_util::sync::CancellationToken;
use transactional_messaging::driver::lambda::handle;
use transactional_messaging::{message::Subject, outbox::partition_of};

use crate::{
    bench::{self, Bench, OUTBOX, subject, texts},
    wire::Fault,
};

/// A mapping as it is deployed: failures are reported, and nothing is discarded within the time of a test.
async fn mapping(bench: &Bench, settings: MappingSettings) -> EventSourceMapping {
    let table = bench.dynamodb.describe_table().table_name(OUTBOX).send().await.unwrap().table.unwrap();
    let streams = aws_sdk_dynamodbstreams::Client::new(&bench.wire.aws().sdk_config());
    EventSourceMapping::new(streams, table.latest_stream_arn.unwrap(), settings)
}

fn reporting() -> MappingSettings {
    MappingSettings { report_batch_item_failures: true, ..MappingSettings::default() }
}

/// Invokes the function for some virtual seconds.
async fn run(bench: &Bench, mapping: &EventSourceMapping, seconds: u64) {
    let relay = bench.relay.clone();
    let handler = move |event: Event| {
        let relay = relay.clone();
        async move { Ok::<_, String>(handle(&relay, event).await) }
    };
    let stop = CancellationToken::new();
    let (ran, ()) = tokio::join!(mapping.run(handler, stop.clone()), async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
    });
    ran.unwrap();
}

/// Five messages of each of ten subjects, committed while the mapping runs: what arrived for each subject.
async fn committed_meanwhile(settings: MappingSettings) -> Vec<Vec<String>> {
    let bench = Bench::new().await;
    let mapping = mapping(&bench, settings).await;
    let subjects: Vec<_> = (0..10).map(subject).collect();
    let write = async {
        for version in 0..5 {
            for subject in &subjects {
                bench.store_all(subject, version..=version).await;
                tokio::time::sleep(Duration::from_millis(37)).await;
            }
        }
    };
    tokio::join!(run(&bench, &mapping, 30), write);
    assert_eq!(bench.pending().await, 0);
    let arrived = bench.delivered().await;
    let of = |subject: &Subject| {
        arrived.iter().filter(|e| e.subject == subject.as_str()).map(bench::text_of).collect()
    };
    subjects.iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_committed_is_published_in_order_and_once() {
    for arrived in committed_meanwhile(MappingSettings { batch_size: 7, ..reporting() }).await {
        assert_eq!(arrived, texts(0..5));
    }
}

/// Then two invocations can wake the same subject at once, which may double a message but not swap two.
#[tokio::test(start_paused = true)]
async fn several_batches_of_a_shard_at_once_keep_the_order() {
    let settings = MappingSettings { batch_size: 2, parallelization_factor: 5, ..reporting() };
    for arrived in committed_meanwhile(settings).await {
        let mut seen = HashSet::new();
        let first_arrivals: Vec<_> = arrived.into_iter().filter(|text| seen.insert(text.clone())).collect();
        assert_eq!(first_arrivals, texts(0..5));
    }
}

/// Lambda goes back to the lowest failed record and delivers everything behind it again.
#[tokio::test(start_paused = true)]
async fn a_rewind_publishes_nothing_twice() {
    let bench = Bench::new().await;
    for number in 0..20 {
        bench.store_all(&subject(number), 0..2).await;
    }
    for operation in ["BatchGetItem", "Query"] {
        let refusal = Fault::code(500, "InternalServerError");
        bench.wire.inject_where(operation, &partition_of(&subject(0)), 12, refusal);
    }
    run(&bench, &mapping(&bench, reporting()).await, 60).await;
    assert!(bench.wire.count("BatchGetItem") > 12, "the batch came again");
    let arrived = bench.delivered().await;
    assert_eq!(arrived.len(), 40);
    let of_zero: Vec<_> =
        arrived.iter().filter(|e| e.subject == subject(0).as_str()).map(bench::text_of).collect();
    assert_eq!(of_zero, texts(0..2));
}

#[tokio::test(start_paused = true)]
async fn a_subject_that_fails_for_ever_keeps_nobody_s_messages_back() {
    let bench = Bench::new().await;
    for number in 0..5 {
        bench.store_all(&subject(number), 0..1).await;
    }
    for operation in ["BatchGetItem", "Query"] {
        let refusal = Fault::code(500, "InternalServerError");
        bench.wire.inject_where(operation, &partition_of(&subject(0)), usize::MAX, refusal);
    }
    let settings =
        MappingSettings { maximum_retry_attempts: 3, bisect_batch_on_function_error: true, ..reporting() };
    let mapping = mapping(&bench, settings).await;
    run(&bench, &mapping, 60).await;
    assert_eq!(bench.delivered().await.len(), 4);
    bench.store_all(&subject(1), 1..2).await;
    run(&bench, &mapping, 60).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(1..2), "Lambda gave up on the record and went on");

    bench.wire.repair();
    let swept = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert_eq!(
        (swept.messages, bench.texts(&subject(0)).await),
        (1, texts(0..1)),
        "the sweeper finds what Lambda dropped"
    );
}

/// The function dies in the middle of an invocation.
#[tokio::test(start_paused = true)]
async fn a_function_that_dies_loses_nothing() {
    let bench = Bench::new().await;
    for number in 0..4 {
        bench.store_all(&subject(number), 0..2).await;
    }
    let mapping = mapping(&bench, reporting()).await;
    for operation in ["BatchGetItem", "PublishBatch", "BatchWriteItem"] {
        bench.wire.inject(operation, 1, Fault::Silence);
        tokio::time::timeout(Duration::from_secs(10), run(&bench, &mapping, 3600)).await.unwrap_err();
    }
    run(&bench, &mapping, 10).await;
    let arrived = bench.delivered().await;
    for number in 0..4 {
        let mut of_this: Vec<_> =
            arrived.iter().filter(|e| e.subject == subject(number).as_str()).map(bench::text_of).collect();
        of_this.dedup();
        let firsts: Vec<_> =
            [0, 1].map(|text| of_this.iter().position(|other| *other == text.to_string())).to_vec();
        assert!(firsts[0].is_some() && firsts[0] < firsts[1], "{of_this:?}");
    }
    assert_eq!(bench.pending().await, 0);
}
