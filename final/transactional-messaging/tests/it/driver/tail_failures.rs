//! The tailing relay when the stream, the outbox or SNS fails.

use std::time::Duration;

use transactional_messaging::driver::tail::TailSettings;
use transactional_messaging::outbox::partition_of;

use crate::{
    bench::{Bench, subject, text_of, texts},
    driver::tail::{Tailer, seconds, stream_only},
    note::Astray,
    wire::Fault,
};

#[tokio::test(start_paused = true)]
async fn one_subject_that_fails_holds_up_no_other_and_goes_on_when_it_can() {
    let bench = Bench::new().await;
    for operation in ["BatchGetItem", "Query"] {
        let refusal = Fault::code(500, "InternalServerError");
        bench.wire.inject_where(operation, &partition_of(&subject(1)), usize::MAX, refusal);
    }
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    for version in 0..3 {
        for number in 1..=3 {
            bench.store_all(&subject(number), version..=version).await;
        }
        // The first time its failure is news, and others of its batch wait until the SDK has given up.
        seconds(if version == 0 { 4 } else { 1 }).await;
        let arrived = bench.delivered().await;
        for number in [2, 3] {
            let of_this = arrived.iter().filter(|envelope| envelope.subject == subject(number).as_str());
            assert_eq!(of_this.map(text_of).collect::<Vec<_>>(), texts(version..=version));
        }
    }
    bench.wire.repair();
    seconds(10).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
    tailer.stop().await;
}

/// An iterator expires after 15 minutes, and the records that were read with it do not come again.
#[tokio::test(start_paused = true)]
async fn an_expired_iterator_is_replaced_where_it_stood() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    bench.store_all(&subject(1), 0..2).await;
    seconds(2).await;
    bench.wire.inject("GetRecords", 1, Fault::code(400, "ExpiredIteratorException"));
    bench.store_all(&subject(1), 2..4).await;
    seconds(3).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
    let iterators = bench.wire.calls("GetShardIterator");
    assert_eq!(iterators.len(), 2);
    assert!(
        iterators[0].body.contains("TRIM_HORIZON") && iterators[1].body.contains("AFTER_SEQUENCE_NUMBER")
    );
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_position_that_left_the_stream_is_given_up_for_the_oldest_record() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    bench.store_all(&subject(1), 0..1).await;
    seconds(2).await;
    bench.wire.inject("GetRecords", 1, Fault::code(400, "TrimmedDataAccessException"));
    seconds(2).await;
    bench.store_all(&subject(1), 1..2).await;
    seconds(2).await;
    assert!(bench.wire.calls("GetShardIterator").last().unwrap().body.contains("TRIM_HORIZON"));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_position_that_cannot_be_found_again_is_given_up_as_well() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    bench.store_all(&subject(1), 0..1).await;
    seconds(2).await;
    bench.wire.inject("GetRecords", 1, Fault::code(400, "ExpiredIteratorException"));
    bench.wire.inject_where(
        "GetShardIterator",
        "AFTER_SEQUENCE",
        usize::MAX,
        Fault::code(400, "TrimmedDataAccessException"),
    );
    bench.store_all(&subject(1), 1..2).await;
    seconds(10).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_everything_is_waited_out() {
    for operation in
        ["DescribeTable", "DescribeStream", "GetShardIterator", "GetRecords", "BatchGetItem", "PublishBatch"]
    {
        let bench = Bench::new().await;
        bench.wire.inject(operation, usize::MAX, Fault::RequestLost);
        bench.wire.inject("Query", usize::MAX, Fault::RequestLost);
        let tailer = Tailer::start(&bench.wire, stream_only(), 1);
        bench.store_all(&subject(1), 0..2).await;
        seconds(30).await;
        assert!(bench.delivered().await.is_empty());
        bench.wire.repair();
        seconds(30).await;
        assert_eq!(bench.texts(&subject(1)).await, texts(0..2), "{operation}");
        tailer.stop().await;
    }
}

/// The stream is dead, so only the sweeper is left.
#[tokio::test(start_paused = true)]
async fn the_sweeper_sends_what_the_stream_never_brings() {
    let bench = Bench::new().await;
    bench.wire.inject("GetRecords", usize::MAX, Fault::code(400, "AccessDeniedException"));
    let settings = TailSettings { sweep: Duration::from_secs(60), ..TailSettings::default() };
    let tailer = Tailer::start(&bench.wire, settings, 1);
    bench.store_all(&subject(1), 0..2).await;
    seconds(55).await;
    assert!(bench.delivered().await.is_empty(), "too young");
    seconds(70).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    tailer.stop().await;
}

/// AWS says that a shard is gone when a new iterator is asked for: that is its end.
#[tokio::test(start_paused = true)]
async fn a_shard_that_is_gone_is_finished_and_not_asked_for_again() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(2).await;
    bench.wire.inject("GetShardIterator", usize::MAX, Fault::code(400, "ResourceNotFoundException"));
    bench.wire.inject("GetRecords", 1, Fault::code(400, "ExpiredIteratorException"));
    seconds(15).await;
    let asked = bench.wire.count("GetShardIterator");
    seconds(60).await;
    assert!(asked <= 3 && bench.wire.count("GetShardIterator") == asked, "{asked}");
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_table_is_asked_for_less_and_less_often() {
    let wire = crate::wire::Wire::new();
    let tailer = Tailer::start(&wire, stream_only(), 1);
    seconds(60).await;
    assert!(wire.total() < 90, "{} calls in a minute", wire.total());
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_hangs_holds_up_no_other_subject_and_no_reading() {
    let bench = Bench::new().await;
    bench.sns.create_topic().name("nowhere").send().await.unwrap();
    bench.wire.inject_where("PublishBatch", "nowhere", usize::MAX, Fault::Silence);
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    for version in 0..20 {
        bench.store(&subject(1_000 + u128::from(version)), 0, &Astray(bench.noted("hangs"))).await;
        bench.store_all(&subject(2), version..=version).await;
        seconds(1).await;
        assert_eq!(bench.texts(&subject(2)).await, texts(version..=version), "after a second");
    }
    bench.wire.repair();
    seconds(40).await;
    assert_eq!(bench.pending().await, 0);
    tailer.stop().await;
}

/// The sweep fires each second while the reader works through what was pending for long.
#[tokio::test(start_paused = true)]
async fn the_sweep_sends_nothing_that_its_own_reader_is_working_through() {
    let bench = Bench::new().await;
    for number in 0..1_000 {
        bench.store_all(&subject(number), 0..1).await;
    }
    seconds(120).await;
    bench.wire.inject("PublishBatch", usize::MAX, Fault::Slow(Duration::from_secs(3)));
    let settings = TailSettings { sweep: Duration::from_secs(1), ..TailSettings::default() };
    // One that is killed after its first hundred, and one that goes on.
    let killed = Tailer::start(&bench.wire, settings, 1);
    while bench.wire.count("BatchWriteItem") < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    killed.kill().await;
    let first = bench.delivered().await;
    let not_noted = bench.pending().await + first.len() - 1_000;
    let tailer = Tailer::start(&bench.wire, settings, 2);
    seconds(120).await;
    let again = bench.delivered().await;
    assert_eq!(bench.pending().await, 0);
    assert!(first.len() + again.len() <= 1_000 + not_noted, "{} and {}", first.len(), again.len());
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_stops_within_its_grace_whatever_hangs() {
    let operations = [
        "DescribeTable",
        "DescribeStream",
        "GetRecords",
        "BatchGetItem",
        "PublishBatch",
        "BatchWriteItem",
        "Scan",
    ];
    for operation in operations {
        let bench = Bench::new().await;
        bench.store_all(&subject(1), 0..1).await;
        bench.wire.inject(operation, usize::MAX, Fault::Silence);
        let settings = TailSettings { sweep: Duration::from_secs(2), ..TailSettings::default() };
        let tailer = Tailer::start(&bench.wire, settings, 1);
        seconds(5).await;
        let begun = tokio::time::Instant::now();
        tailer.stop_within(Duration::from_secs(21)).await;
        assert!(begun.elapsed() <= Duration::from_secs(20), "{operation}: {:?}", begun.elapsed());
    }
}
