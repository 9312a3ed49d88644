//! The loop around a handler when all goes well: each message once, not too many at a time, slow ones
//! undisturbed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    consumer::{Consumer, ConsumerGroup, ConsumerSettings, Delivery, Handled},
    wiring::Queue,
};

use crate::{
    bench::{Bench, QUEUE, subject, texts},
    note::Noted,
    wire::{Fault, Wire},
    worker::{Outcome, Seen, Worker, seconds},
};

#[tokio::test(start_paused = true)]
async fn a_handled_message_is_deleted_and_so_is_a_duplicate() {
    let bench = Bench::new().await;
    for text in ["new", "known"] {
        bench.send(text).await;
    }
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        let known = delivery.message.text == "known";
        async move { Ok(if known { Handled::Duplicate } else { Handled::Done }) }
    });
    let worker = worker.await;
    seconds(600).await;
    assert_eq!((seen.texts(), bench.counts().await), (vec!["new".to_owned(), "known".to_owned()], (0, 0)));
    assert!(bench.dead_letters().await.is_empty());
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_came_by_way_of_sns_has_its_envelope() {
    let bench = Bench::new().await;
    bench.store_all(&subject(4), 0..1).await;
    bench.wake(&subject(4)).await.unwrap();
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        log.note(&format!("{} of {}", delivery.message.text, delivery.envelope.subject));
        async { Ok(Handled::Done) }
    });
    let worker = worker.await;
    seconds(1).await;
    assert_eq!(seen.texts(), [format!("0 of {}", subject(4).as_str())]);
    worker.stop().await;
}

/// What a handler does to many messages: the most that were in work at once, and when all were done.
async fn in_flight(concurrency: usize, messages: usize) -> (usize, usize, usize) {
    let bench = Bench::new().await;
    for number in 0..messages {
        bench.send(&number.to_string()).await;
    }
    let (now, most, done) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (now.clone(), most.clone(), done.clone());
    let handler = move |_: Delivery<Noted>| {
        let (now, most, done) = counters.clone();
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            seconds(10).await;
            now.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(1, Ordering::SeqCst);
            Ok(Handled::Done)
        }
    };
    let settings = ConsumerSettings { concurrency, ..ConsumerSettings::default() };
    let worker = Worker::start(&bench.wire, settings, handler).await;
    let mut most_hidden = 0;
    // Between the ends of messages, which last whole seconds: what is handled is hidden until it is deleted,
    // with others.
    tokio::time::sleep(Duration::from_millis(500)).await;
    while bench.counts().await != (0, 0) {
        most_hidden = most_hidden.max(bench.counts().await.1);
        seconds(1).await;
    }
    worker.stop().await;
    assert_eq!(done.load(Ordering::SeqCst), messages);
    (most.load(Ordering::SeqCst), most_hidden, bench.wire.count("ReceiveMessage"))
}

#[tokio::test(start_paused = true)]
async fn no_more_messages_are_taken_than_are_worked_on() {
    for (concurrency, messages) in [(1, 4), (3, 20), (25, 60)] {
        let (most, most_hidden, _) = in_flight(concurrency, messages).await;
        assert_eq!(
            (most, most_hidden),
            (concurrency, concurrency),
            "messages that wait here age for nothing"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn messages_are_received_ten_at_a_time() {
    let (_, _, receives) = in_flight(10, 30).await;
    assert!(receives <= 3 + 30, "{receives} calls for 30 messages");
    let bench = Bench::new().await;
    for number in 0..10 {
        bench.send(&number.to_string()).await;
    }
    let worker = bench.work(|_: Delivery<Noted>| async { Ok(Handled::Done) }).await;
    seconds(1).await;
    assert_eq!(
        (bench.wire.count("ReceiveMessage"), bench.counts().await),
        (2, (0, 0)),
        "one for all, one that waits"
    );
    worker.stop().await;
}

/// A free slot takes the next message although another message takes long.
#[tokio::test(start_paused = true)]
async fn a_slow_message_holds_up_no_other() {
    let bench = Bench::new().await;
    for text in ["slow", "1", "2", "3", "4"] {
        bench.send(text).await;
    }
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let log = log.clone();
        async move {
            seconds(if delivery.message.text == "slow" { 60 } else { 1 }).await;
            log.note(&delivery.message.text);
            Ok(Handled::Done)
        }
    };
    let settings = ConsumerSettings { concurrency: 2, ..ConsumerSettings::default() };
    let worker = Worker::start(&bench.wire, settings, handler).await;
    seconds(5).await;
    assert_eq!(seen.texts(), texts(1..5));
    seconds(60).await;
    assert_eq!(seen.texts().last().map(String::as_str), Some("slow"));
    worker.stop().await;
}

/// Two consumers on one queue, as two tasks of a service have.
#[tokio::test(start_paused = true)]
async fn a_message_in_work_for_longer_than_its_visibility_is_not_delivered_twice() {
    let bench = Bench::new().await;
    bench.send("slow").await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        async {
            seconds(200).await;
            Ok(Handled::Done)
        }
    };
    let one = bench.work(handler.clone()).await;
    let two = Worker::start(&Wire::to(bench.wire.aws()), ConsumerSettings::default(), handler).await;
    seconds(600).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (1, (0, 0)));
    let extended = bench.wire.count("ChangeMessageVisibility");
    assert!(extended <= 200 / 10, "{extended} extensions are more than are needed");
    one.stop().await;
    two.stop().await;
}

/// Half a visibility timeout each: before, each call was given up after a quarter.
#[tokio::test(start_paused = true)]
async fn a_visibility_that_is_extended_slowly_is_extended_all_the_same() {
    let bench = Bench::new().await;
    bench.send("slow").await;
    bench.wire.inject("ChangeMessageVisibility", usize::MAX, Fault::Slow(Duration::from_secs(15)));
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        async {
            seconds(200).await;
            Ok(Handled::Done)
        }
    });
    let worker = worker.await;
    seconds(600).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (1, (0, 0)));
    worker.stop().await;
}

/// The handler goes on while SQS takes its time to answer about the visibility.
#[tokio::test(start_paused = true)]
async fn extending_the_visibility_does_not_hold_up_the_handler() {
    let bench = Bench::new().await;
    bench.send("x").await;
    bench.wire.inject("ChangeMessageVisibility", usize::MAX, Fault::Silence);
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |_: Delivery<Noted>| {
        let log = log.clone();
        async move {
            for _ in 0..25 {
                seconds(1).await;
                log.note("step");
            }
            Ok(Handled::Done)
        }
    };
    let worker = bench.work(handler).await;
    seconds(120).await;
    let steps = seen.times("step");
    assert_eq!(steps.len(), 25);
    assert!(steps.windows(2).all(|pair| pair[1] - pair[0] < Duration::from_millis(1100)), "{steps:?}");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_opens_its_queues_by_prefix_and_stops_them_together() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let stop = CancellationToken::new();
    let seen = Seen::default();
    let handler = |seen: Seen, delivery: Delivery<Noted>| async move {
        seen.note(&delivery.message.text);
        Outcome::Ok(Handled::Done)
    };
    let mut group = ConsumerGroup::new(bench.sqs.clone(), "no", ConsumerSettings::default(), stop.clone());
    let error = group.consume(Queue::new("where"), None, &seen, handler).await.unwrap_err();
    assert_eq!((error.queue.as_str(), error.to_string().contains("nowhere")), ("nowhere", true));
    group.consume(Queue::new("tes"), None, &seen, handler).await.unwrap();
    seconds(1).await;
    assert_eq!((seen.texts(), QUEUE), (vec!["x".to_owned()], "notes"));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(3), group.stopped()).await.expect("no work is left to wait for");
}

/// What it receives would be visible to others at once, and extending nothing gives nothing.
#[tokio::test(start_paused = true)]
async fn a_queue_without_a_visibility_timeout_is_refused() {
    let bench = Bench::new().await;
    let visibility = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    bench.sqs.create_queue().queue_name("hasty").attributes(visibility, "0").send().await.unwrap();
    let opened = Consumer::open(bench.sqs.clone(), "hasty", ConsumerSettings::default()).await;
    assert!(opened.unwrap_err().to_string().contains("visibility timeout"));
}
