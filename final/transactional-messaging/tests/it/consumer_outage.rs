//! SQS away, at the start and later: consumers wait, say so without flooding the log, and tell a service's
//! readiness.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use transactional_messaging::consumer::{
    ConsumerGroup, ConsumerSettings, Delivery, Handled, TOLERATED_OUTAGE,
};
use waiting::Deadline;

use crate::{
    bench::{Bench, NOTES},
    logs,
    note::Noted,
    wire::Fault,
    worker::{Outcome, Seen, Worker, seconds},
};

async fn handler(seen: Seen, delivery: Delivery<Noted>) -> Outcome {
    seen.note(&delivery.message.text);
    Ok(Handled::Done)
}

fn group(bench: &Bench, stop: &CancellationToken) -> ConsumerGroup {
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.sdk_config());
    ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop.clone())
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_started_while_sqs_is_away_waits_for_it() {
    let away = [
        Fault::RequestLost,
        Fault::Silence,
        Fault::code(503, "ServiceUnavailable"),
        Fault::code(400, "ExpiredToken"),
    ];
    for fault in away {
        let bench = Bench::new().await;
        bench.send("x").await;
        bench.wire.inject("GetQueueUrl", usize::MAX, fault);
        let (stop, seen) = (CancellationToken::new(), Seen::default());
        let mut group = group(&bench, &stop);
        let wire = bench.wire.clone();
        let repaired = tokio::spawn(async move {
            seconds(600).await;
            assert!(wire.count("GetQueueUrl") < 200, "{} calls in ten minutes", wire.count("GetQueueUrl"));
            wire.repair();
        });
        group.consume(NOTES, None, &seen, handler).await.unwrap();
        repaired.await.unwrap();
        seconds(1).await;
        assert_eq!(seen.texts(), ["x"]);
        stop.cancel();
        group.stopped().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_waits_for_sqs_ends_when_it_is_told_to() {
    let bench = Bench::new().await;
    bench.wire.inject("GetQueueUrl", usize::MAX, Fault::Silence);
    let stop = CancellationToken::new();
    let mut group = group(&bench, &stop);
    let told = stop.clone();
    tokio::spawn(async move {
        seconds(100).await;
        told.cancel();
    });
    let seen = Seen::default();
    let begun = tokio::time::Instant::now();
    group.consume(NOTES, None, &seen, handler).await.unwrap();
    group.stopped().await;
    assert_eq!(begun.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_group_fails_at_once_for_what_somebody_has_to_change() {
    for code in ["AccessDenied", "QueueDoesNotExist", "InvalidClientTokenId"] {
        let bench = Bench::new().await;
        bench.wire.inject("GetQueueUrl", usize::MAX, Fault::code(400, code));
        let begun = tokio::time::Instant::now();
        let error =
            group(&bench, &CancellationToken::new()).consume(NOTES, None, &Seen::default(), handler).await;
        assert_eq!(error.unwrap_err().queue, "notes", "{code}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_hears_of_a_long_outage_and_of_its_end() {
    let bench = Bench::new().await;
    let stop = CancellationToken::new();
    let mut group = group(&bench, &stop);
    group.consume(NOTES, None, &Seen::default(), handler).await.unwrap();
    let health = group.health();
    assert_eq!(health.check(), Ok(()));
    bench.wire.inject("ReceiveMessage", usize::MAX, Fault::code(400, "QueueDoesNotExist"));
    tokio::time::sleep(TOLERATED_OUTAGE + Duration::from_secs(60)).await;
    assert!(health.check().unwrap_err().contains("notes"));
    bench.wire.repair();
    seconds(60).await;
    assert_eq!(health.check(), Ok(()));
    stop.cancel();
    group.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_without_sqs_are_told_once_a_minute_and_their_end_once() {
    logs::keep();
    let bench = Bench::new().await;
    bench.wire.inject("ReceiveMessage", usize::MAX, Fault::RequestLost);
    let worker = bench.noting(&Seen::default(), |_| Ok(Handled::Done)).await;
    seconds(600).await;
    bench.wire.repair();
    seconds(60).await;
    worker.stop().await;
    let text = logs::take();
    let count = |event: &str| text.lines().filter(|line| line.contains(event)).count();
    assert_eq!(count("receiving_messages_failed__over"), 1, "{text}");
    assert!((9..=12).contains(&count("receiving_messages_failed")), "{text}");
}

/// The unit of work below it ends with it, instead of trying again for somebody who has gone.
#[tokio::test(start_paused = true)]
async fn a_handler_has_the_deadline_of_its_message() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |_: Delivery<Noted>| {
        log.note(&format!("{:?}", Deadline::current().map(Deadline::left)));
        async { Ok(Handled::Done) }
    };
    let settings = ConsumerSettings { deadline: Duration::from_secs(90), ..ConsumerSettings::default() };
    let worker = Worker::start(&bench.wire, settings, handler).await;
    seconds(1).await;
    worker.stop().await;
    assert_eq!(seen.texts(), [format!("{:?}", Some(Duration::from_secs(90)))]);
}
