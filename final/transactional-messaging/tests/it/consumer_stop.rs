//! Stopping without losing work, and without keeping messages from the next process.

use std::time::Duration;

use transactional_messaging::consumer::{ConsumerSettings, Delivery, Handled};

use crate::{
    bench::Bench,
    note::Noted,
    worker::{Seen, Worker, seconds},
};

/// A consumer whose messages take so long, told to let them go on for ten seconds.
async fn worker(bench: &Bench, seen: &Seen, takes: u64) -> Worker {
    let seen = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let seen = seen.clone();
        async move {
            seconds(takes).await;
            seen.note(&delivery.message.text);
            Ok(Handled::Done)
        }
    };
    let settings = ConsumerSettings { grace: Duration::from_secs(10), ..ConsumerSettings::default() };
    Worker::start(&bench.wire, settings, handler).await
}

#[tokio::test(start_paused = true)]
async fn work_that_ends_within_the_grace_period_is_finished() {
    let bench = Bench::new().await;
    for text in ["1", "2"] {
        bench.send(text).await;
    }
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 8).await;
    seconds(1).await;
    let took = worker.stop().await;
    assert_eq!((seen.texts().len(), bench.counts().await), (2, (0, 0)));
    assert!(took < Duration::from_secs(8), "{took:?}: as long as the work needs and no longer");
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_end_is_given_back_for_others_at_once() {
    let bench = Bench::new().await;
    for number in 0..5 {
        bench.send(&number.to_string()).await;
    }
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 3600).await;
    seconds(1).await;
    let took = worker.stop().await;
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(11), "{took:?}");
    assert_eq!((seen.texts().len(), bench.counts().await), (0, (5, 0)), "visible, not hidden for a while");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_received_after_the_stop() {
    let bench = Bench::new().await;
    bench.send("before").await;
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 5).await;
    seconds(1).await;
    worker.stop.cancel();
    tokio::task::yield_now().await;
    let receives = bench.wire.count("ReceiveMessage");
    bench.send("after").await;
    worker.stop().await;
    assert_eq!(bench.wire.count("ReceiveMessage"), receives);
    assert_eq!(seen.texts(), ["before"]);
    seconds(31).await;
    assert_eq!(bench.counts().await, (1, 0), "it waits for the next process");
}

#[tokio::test(start_paused = true)]
async fn an_idle_consumer_stops_at_once() {
    let bench = Bench::new().await;
    let worker = worker(&bench, &Seen::default(), 1).await;
    seconds(3).await;
    assert!(worker.stop().await < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_waits_out_an_outage_stops_at_once() {
    let bench = Bench::new().await;
    bench.wire.inject("ReceiveMessage", usize::MAX, crate::wire::Fault::RequestLost);
    let worker = worker(&bench, &Seen::default(), 1).await;
    seconds(100).await;
    assert!(worker.stop().await < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_whose_slots_are_all_taken_stops_too() {
    let bench = Bench::new().await;
    for number in 0..30 {
        bench.send(&number.to_string()).await;
    }
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 5).await;
    seconds(1).await;
    worker.stop().await;
    assert_eq!((seen.texts().len(), bench.counts().await), (10, (20, 0)));
}
