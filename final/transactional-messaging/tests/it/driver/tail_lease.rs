//! Several tailers of one table: one works, the others wait, and each goes on where the one before it was.

use std::time::Duration;

use crate::{
    bench::{Bench, subject, texts},
    driver::tail::{Tailer, seconds, stream_only},
    wire::{Fault, Wire},
};

#[tokio::test(start_paused = true)]
async fn of_two_tailers_one_works_and_nothing_is_sent_twice() {
    let bench = Bench::new().await;
    let other = Wire::to(bench.wire.aws());
    let tailers = [Tailer::start(&bench.wire, stream_only(), 1), Tailer::start(&other, stream_only(), 2)];
    for version in 0..10 {
        for number in 0..10 {
            bench.store_all(&subject(number), version..=version).await;
        }
        seconds(1).await;
    }
    seconds(20).await;
    assert_eq!(bench.delivered().await.len(), 100);
    let mut readers = [&bench.wire, &other].map(|wire| wire.count("GetRecords"));
    readers.sort_unstable();
    assert!(readers[0] == 0 && readers[1] > 100, "{readers:?}");
    for tailer in tailers {
        tailer.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_takes_over_at_once_when_the_lease_is_given_up() {
    let bench = Bench::new().await;
    let first = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(1).await;
    let second = Tailer::start(&Wire::to(bench.wire.aws()), stream_only(), 2);
    seconds(30).await;
    first.stop().await;
    bench.store_all(&subject(1), 0..1).await;
    seconds(2).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_it_waits_for_a_whole_lease_and_takes_over_then() {
    let bench = Bench::new().await;
    let first = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(1).await;
    let other = Wire::to(bench.wire.aws());
    let second = Tailer::start(&other, stream_only(), 2);
    seconds(30).await;
    first.kill().await;
    bench.store_all(&subject(1), 0..1).await;
    // Up to two seconds of the lease were over when it crashed.
    seconds(3).await;
    assert_eq!(other.count("GetRecords"), 0, "the lease may have been renewed a moment before");
    seconds(6).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
    second.stop().await;
}

/// The one that works cannot reach the table any more, the other can.
#[tokio::test(start_paused = true)]
async fn who_cannot_renew_its_lease_stops_reading_and_another_goes_on() {
    let bench = Bench::new().await;
    let first = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(5).await;
    let second = Tailer::start(&Wire::to(bench.wire.aws()), stream_only(), 2);
    bench.wire.inject("UpdateItem", usize::MAX, Fault::Silence);
    seconds(20).await;
    let read = bench.wire.count("GetRecords");
    bench.store_all(&subject(1), 0..3).await;
    seconds(20).await;
    assert_eq!(bench.wire.count("GetRecords"), read, "it stopped");
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
    bench.wire.repair();
    second.stop().await;
    bench.store_all(&subject(1), 3..4).await;
    seconds(5).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(3..4), "and waits to work again");
    first.stop().await;
}

/// Both ways to end: nothing that was read long before is read again.
#[tokio::test(start_paused = true)]
async fn a_restarted_tailer_goes_on_where_it_was() {
    for killed in [false, true] {
        let bench = Bench::new().await;
        let first = Tailer::start(&bench.wire, stream_only(), 1);
        for number in 0..300 {
            bench.store_all(&subject(number), 0..1).await;
        }
        seconds(20).await;
        match killed {
            true => first.kill().await,
            false => first.stop().await,
        }
        bench.store_all(&subject(1), 1..2).await;
        let again = Wire::to(bench.wire.aws());
        let second = Tailer::start(&again, stream_only(), 2);
        seconds(10).await;
        assert_eq!(bench.delivered().await.len(), 301, "killed: {killed}");
        assert!(again.calls("GetShardIterator")[0].body.contains("AFTER_SEQUENCE_NUMBER"));
        assert_eq!(again.count("BatchGetItem"), 1, "only the new row was looked for (killed: {killed})");
        second.stop().await;
    }
}

/// What was handed over a moment before a crash and was not sent yet is not skipped by who comes next: the
/// sweep plays no part here.
#[tokio::test(start_paused = true)]
async fn what_was_read_a_moment_before_a_crash_is_read_again() {
    let bench = Bench::new().await;
    let first = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(10).await;
    bench.wire.inject("PublishBatch", usize::MAX, Fault::Silence);
    bench.store_all(&subject(1), 0..3).await;
    // The lease is renewed each two seconds.
    seconds(3).await;
    assert!(bench.wire.count("PublishBatch") > 0, "it was in work");
    first.kill().await;
    let second = Tailer::start(&Wire::to(bench.wire.aws()), stream_only(), 2);
    seconds(10).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
    second.stop().await;
}

/// The stream keeps 24 hours. What left it unread is left to the sweep, which is off here; what is still
/// there is read.
#[tokio::test(start_paused = true)]
async fn a_note_that_left_the_stream_is_given_up_for_the_oldest_record() {
    let bench = Bench::new().await;
    let first = Tailer::start(&bench.wire, stream_only(), 1);
    bench.store_all(&subject(1), 0..1).await;
    seconds(10).await;
    first.stop().await;
    tokio::time::sleep(Duration::from_secs(25 * 3600)).await;
    bench.store_all(&subject(1), 1..2).await;
    let again = Wire::to(bench.wire.aws());
    let second = Tailer::start(&again, stream_only(), 2);
    seconds(10).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    let begun: Vec<_> = again.calls("GetShardIterator").into_iter().map(|call| call.body).collect();
    assert!(begun.iter().any(|body| body.contains("TRIM_HORIZON")), "{begun:?}");
    second.stop().await;
}
