//! Messages of one key take turns, and those that wait keep nobody else waiting.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use transactional_messaging::consumer::{
    Consumer, ConsumerSettings, Delivery, Handled, HandlerError, KeyedLocks,
};
use uuid::Uuid;

use crate::{
    bench::{Bench, NOTES, QUEUE},
    note::Noted,
    worker::{Outcome, Seen, seconds},
};

/// The first letter of the text.
fn key(noted: &Noted) -> Uuid {
    Uuid::from_u128(u128::from(noted.text.as_bytes()[0]))
}

async fn start<F, Fut>(
    bench: &Bench,
    settings: ConsumerSettings,
    handler: F,
) -> (JoinHandle<()>, CancellationToken)
where
    F: Fn(Delivery<Noted>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.sdk_config());
    let consumer = Consumer::open(sqs, QUEUE, settings).await.unwrap();
    let stop = CancellationToken::new();
    (tokio::spawn(consumer.run_in_turns(NOTES, KeyedLocks::default().by(key), handler, stop.clone())), stop)
}

async fn send(bench: &Bench, key: char, count: usize) {
    for number in 0..count {
        bench.send(&format!("{key}{number}")).await;
    }
}

/// Each waits for up to five times the visibility timeout of 30 s.
#[tokio::test(start_paused = true)]
async fn a_message_that_waits_for_its_turn_is_not_received_again() {
    let bench = Bench::new().await;
    send(&bench, 'a', 6).await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        async {
            seconds(30).await;
            Ok(Handled::Done)
        }
    };
    let (task, stop) = start(&bench, ConsumerSettings::default(), handler).await;
    seconds(6 * 30 + 1).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (6, (0, 0)));
    stop.cancel();
    task.await.unwrap();
}

/// However many wait, there is a slot for others, and the turn of those that wait comes when nobody is in
/// work any more.
#[tokio::test(start_paused = true)]
async fn messages_that_wait_hold_no_slot_and_no_more_wait_than_are_allowed() {
    let bench = Bench::new().await;
    send(&bench, 'a', 30).await;
    send(&bench, 'b', 3).await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let log = log.clone();
        async move {
            seconds(1).await;
            log.note(&delivery.message.text);
            Ok(Handled::Done)
        }
    };
    let settings = ConsumerSettings { concurrency: 2, waiting: 40, ..ConsumerSettings::default() };
    let (task, stop) = start(&bench, settings, handler).await;
    seconds(5).await;
    assert_eq!(seen.texts().iter().filter(|text| text.starts_with('b')).count(), 3, "{:?}", seen.texts());
    seconds(30).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (33, (0, 0)));
    stop.cancel();
    task.await.unwrap();

    send(&bench, 'c', 30).await;
    let settings = ConsumerSettings { concurrency: 2, waiting: 5, ..ConsumerSettings::default() };
    let never = |_: Delivery<Noted>| std::future::pending::<Outcome>();
    let (task, _stop) = start(&bench, settings, never).await;
    seconds(5).await;
    assert_eq!(bench.counts().await, (24, 6), "one in work, and five that wait");
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn the_turn_goes_on_when_a_message_fails_and_those_that_wait_at_the_stop_are_given_back() {
    let bench = Bench::new().await;
    send(&bench, 'a', 3).await;
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |delivery: Delivery<Noted>| {
        let first = log.note(&delivery.message.text) == 1;
        async move {
            assert!(!first || delivery.message.text != "a0", "injected");
            if first { Err(HandlerError::retryable("not now")) } else { Ok(Handled::Done) }
        }
    };
    let (task, stop) = start(&bench, ConsumerSettings::default(), handler).await;
    seconds(60).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (6, (0, 0)));
    stop.cancel();
    task.await.unwrap();

    send(&bench, 'a', 3).await;
    let settings = ConsumerSettings { grace: Duration::from_secs(10), ..ConsumerSettings::default() };
    let never = |_: Delivery<Noted>| std::future::pending::<Outcome>();
    let (task, stop) = start(&bench, settings, never).await;
    seconds(1).await;
    assert_eq!(bench.counts().await, (0, 3));
    stop.cancel();
    task.await.unwrap();
    assert_eq!(bench.counts().await, (3, 0));
}
