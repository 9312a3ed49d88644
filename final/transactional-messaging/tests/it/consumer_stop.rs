//! Stopping without losing work, and without keeping messages from the next process.

use std::time::Duration;

use transactional_messaging::consumer::{ConsumerSettings, Delivery, Handled};

use crate::{
    bench::Bench,
    note::Noted,
    wire::Fault,
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

/// The receive that is under way may end: SQS may have taken a message out for it already.
#[tokio::test(start_paused = true)]
async fn no_receive_begins_after_the_stop_and_what_comes_later_waits_for_the_next_process() {
    let bench = Bench::new().await;
    bench.send("before").await;
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 5).await;
    seconds(1).await;
    worker.stop.cancel();
    tokio::task::yield_now().await;
    let receives = bench.wire.count("ReceiveMessage");
    seconds(3).await;
    bench.send("after").await;
    worker.stop().await;
    assert_eq!(bench.wire.count("ReceiveMessage"), receives);
    assert_eq!(seen.texts(), ["before"]);
    assert_eq!(bench.counts().await, (1, 0), "it waits for the next process, and is not hidden from it");
}

/// Before, it was late by a visibility timeout, and had one receive less.
#[tokio::test(start_paused = true)]
async fn a_message_whose_answer_is_on_its_way_at_the_stop_is_handled_and_not_abandoned() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let slow_answer = Fault::instead(|aws, request| async move {
        let answer = aws.call(request).await;
        seconds(1).await;
        answer
    });
    bench.wire.inject("ReceiveMessage", 1, slow_answer);
    let seen = Seen::default();
    let worker = worker(&bench, &seen, 5).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (0, (0, 1)), "taken out, and not yet here");
    worker.stop().await;
    assert_eq!((seen.texts(), bench.counts().await), (vec!["x".to_owned()], (0, 0)));
}

/// B12. ECS ends a process some time after SIGTERM, and what it still holds is lost for a visibility timeout.
#[tokio::test(start_paused = true)]
async fn a_stop_takes_no_longer_than_its_longest_time_when_sqs_answers_nothing() {
    for takes in [1, 9, 3600] {
        let bench = Bench::new().await;
        for number in 0..5 {
            bench.send(&number.to_string()).await;
        }
        let worker = worker(&bench, &Seen::default(), takes).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        for operation in ["ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "SendMessage"] {
            bench.wire.inject(operation, usize::MAX, Fault::Silence);
        }
        let took = worker.stop().await;
        let longest = Duration::from_secs(10) + ConsumerSettings::default().give_back;
        assert!(took <= longest, "{took:?} with work of {takes} s");
    }
    let longest = ConsumerSettings::default().longest_stop();
    assert!(longest <= Duration::from_secs(25), "{longest:?} leaves ECS little of its 30 s");
}

/// It waits for the receive that is under way, and no longer.
#[tokio::test(start_paused = true)]
async fn an_idle_consumer_stops_at_once() {
    let bench = Bench::new().await;
    let worker = worker(&bench, &Seen::default(), 1).await;
    seconds(3).await;
    let longest = ConsumerSettings::default().last_receive + Duration::from_millis(100);
    assert!(worker.stop().await < longest);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_waits_out_an_outage_stops_at_once() {
    let bench = Bench::new().await;
    bench.wire.inject("ReceiveMessage", usize::MAX, Fault::RequestLost);
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
