//! A message whose handling fails comes again later; it is never lost.

use std::time::Duration;

use transactional_messaging::consumer::{ConsumerSettings, Delivery, Handled, HandlerError};

use crate::{
    bench::Bench,
    note::Noted,
    wire::{Fault, Wire},
    worker::{Outcome, Seen, Worker, seconds},
};

fn later() -> Outcome {
    Err(HandlerError::retryable("not now"))
}

#[tokio::test(start_paused = true)]
async fn a_retryable_error_brings_the_message_back_until_it_succeeds() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let seen = Seen::default();
    let worker = bench.noting(&seen, |time| if time < 4 { later() } else { Ok(Handled::Done) }).await;
    seconds(300).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (4, (0, 0)));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_wait_before_the_next_time_grows_and_differs_from_message_to_message() {
    let bench = Bench::new().await;
    for number in 0..30 {
        bench.send(&number.to_string()).await;
    }
    let seen = Seen::default();
    let worker = bench.noting(&seen, |time| if time < 5 { later() } else { Ok(Handled::Done) }).await;
    seconds(600).await;
    let mut totals = [Duration::ZERO; 4];
    for number in 0..30 {
        let times = seen.times(&number.to_string());
        assert_eq!(times.len(), 5);
        for (place, pair) in times.windows(2).enumerate() {
            let waited = pair[1] - pair[0];
            let least = Duration::from_secs(10 << place);
            assert!(
                (least..=least * 2 + Duration::from_secs(1)).contains(&waited),
                "{waited:?} after time {}, at least {least:?}",
                place + 1
            );
            totals[place] += waited;
        }
    }
    assert!(totals[1] > totals[0] && totals[3] > totals[1] * 2, "{totals:?}");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_five_times_the_message_goes_to_the_dead_letter_queue_with_the_last_error() {
    let bench = Bench::new().await;
    let body = bench.send("x").await;
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| later()).await;
    seconds(1200).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (5, (0, 0)));
    let reason = "given up after 5 receives: not now".to_owned();
    assert_eq!(bench.dead_letters().await, [(body, Some(reason))]);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_two_minutes_moves_nothing_to_the_dead_letter_queue() {
    let bench = Bench::new().await;
    for number in 0..30 {
        bench.send(&number.to_string()).await;
    }
    let over = tokio::time::Instant::now() + Duration::from_secs(120);
    let fails = move |_| if tokio::time::Instant::now() < over { later() } else { Ok(Handled::Done) };
    let worker = bench.noting(&Seen::default(), fails).await;
    seconds(600).await;
    assert_eq!((bench.counts().await, bench.dead_letters().await.len()), ((0, 0), 0));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_handler_is_a_retryable_error() {
    let bench = Bench::new().await;
    for text in ["at once", "later"] {
        bench.send(text).await;
    }
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let first = log.note(&delivery.message.text) == 1;
        let at_once = delivery.message.text == "at once";
        assert!(!(first && at_once), "injected before there is a future");
        async move {
            seconds(1).await;
            assert!(!first, "injected while it works");
            Ok(Handled::Done)
        }
    };
    let worker = bench.work(handler).await;
    seconds(25).await;
    for text in ["at once", "later"] {
        assert_eq!(seen.times(text).len(), 2, "{text}: given back soon, not after the visibility time-out");
    }
    assert_eq!(bench.counts().await, (0, 0));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_given_up_at_the_deadline() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let first = log.note(&delivery.message.text) == 1;
        async move {
            if first {
                std::future::pending::<()>().await;
            }
            Ok(Handled::Done)
        }
    };
    let settings =
        ConsumerSettings { deadline: Duration::from_secs(90), concurrency: 1, ..ConsumerSettings::default() };
    let worker = Worker::start(&bench.wire, settings, handler).await;
    seconds(300).await;
    let times = seen.times("x");
    assert_eq!((times.len(), bench.counts().await), (2, (0, 0)));
    assert!(times[1] - times[0] >= Duration::from_secs(90));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_deleted_comes_again() {
    let bench = Bench::new().await;
    bench.send("x").await;
    bench.wire.inject("DeleteMessageBatch", 3, Fault::RequestLost); // three attempts of the SDK
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Ok(Handled::Done)).await;
    seconds(120).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (2, (0, 0)));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn receiving_goes_on_after_an_outage_without_hammering() {
    let bench = Bench::new().await;
    bench.wire.inject("ReceiveMessage", usize::MAX, Fault::RequestLost);
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Ok(Handled::Done)).await;
    seconds(600).await;
    let calls = bench.wire.count("ReceiveMessage");
    assert!((10..200).contains(&calls), "{calls} calls in ten minutes");
    bench.wire.repair();
    bench.send("x").await;
    seconds(40).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (1, (0, 0)));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_was_working_on_goes_to_another() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let stuck = bench.work(|_: Delivery<Noted>| std::future::pending()).await;
    seconds(20).await;
    stuck.kill();
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        async { Ok(Handled::Done) }
    };
    let other = Worker::start(&Wire::to(bench.wire.aws()), ConsumerSettings::default(), handler).await;
    seconds(60).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (1, (0, 0)));
    other.stop().await;
}
