//! How many calls a message costs: received several at a time, deleted several at a time, and neither keeps
//! another message waiting.

use std::time::Duration;

use transactional_messaging::consumer::{ConsumerSettings, Delivery, Handled};

use crate::{
    bench::Bench,
    logs,
    note::Noted,
    wire::{Fault, response},
    worker::{Outcome, Seen, Worker, seconds},
};

async fn bench_with(messages: usize) -> Bench {
    let bench = Bench::new().await;
    for number in 0..messages {
        bench.send(&number.to_string()).await;
    }
    bench
}

/// A handler that takes so long for the message with each number.
fn taking(
    seen: &Seen,
    time: fn(u64) -> Duration,
) -> impl Fn(Delivery<Noted>) -> futures::future::BoxFuture<'static, Outcome> + Clone + Send + Sync + 'static
{
    let seen = seen.clone();
    move |delivery| {
        let seen = seen.clone();
        Box::pin(async move {
            tokio::time::sleep(time(delivery.message.text.parse().unwrap())).await;
            seen.note(&delivery.message.text);
            Ok(Handled::Done)
        })
    }
}

/// With a read and a commit, that makes 2.3 calls a message at most.
#[tokio::test(start_paused = true)]
async fn a_hundred_messages_are_received_and_deleted_with_three_tenths_of_a_call_each() {
    let bench = bench_with(100).await;
    let seen = Seen::default();
    let worker = bench.work(taking(&seen, |number| Duration::from_millis(10 + number * 7 % 10))).await;
    seconds(5).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (100, (0, 0)));
    let (receives, deletes) = (bench.wire.count("ReceiveMessage"), bench.wire.count("DeleteMessageBatch"));
    assert!(receives + deletes <= 30, "{receives} receives and {deletes} deletes");
    assert_eq!(bench.wire.count("DeleteMessage") + bench.wire.count("ChangeMessageVisibility"), 0);
    worker.stop().await;
}

/// Nothing is there to be received with others, or deleted with them: it must not wait for that.
#[tokio::test(start_paused = true)]
async fn a_single_message_is_handled_at_once_and_deleted_soon() {
    let bench = Bench::new().await;
    let seen = Seen::default();
    let worker = bench.work(taking(&seen, |_| Duration::ZERO)).await;
    seconds(100).await;
    assert!(bench.wire.count("ReceiveMessage") <= 6, "one long poll after the other");
    bench.send("1").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(seen.texts(), ["1"]);
    seconds(1).await;
    assert_eq!(bench.counts().await, (0, 0));
    worker.stop().await;
}

/// Nine slots and a slow message: what is free is used.
#[tokio::test(start_paused = true)]
async fn a_receive_does_not_wait_for_a_slot_that_stays_taken() {
    let bench = bench_with(91).await;
    let seen = Seen::default();
    let slow_first = |number| Duration::from_millis(if number == 0 { 60_000 } else { 20 });
    let worker = bench.work(taking(&seen, slow_first)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(seen.texts().len(), 90, "nine at a time take ten times 20 ms, and little more");
    worker.stop().await;
}

/// SQS answers 200 and has not deleted all.
#[tokio::test(start_paused = true)]
async fn a_message_whose_delete_was_refused_is_told_of_and_comes_again_and_only_that_one() {
    logs::keep();
    let bench = bench_with(3).await;
    let partly = Fault::instead(|aws, request| async move {
        let mut sent: serde_json::Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let entries = sent["Entries"].as_array_mut().unwrap();
        let refused = entries.remove(1);
        let mut kept = request.try_clone().unwrap();
        *kept.body_mut() = sent.to_string().into();
        kept.headers_mut().remove("content-length");
        let answer = aws.call(kept).await?;
        let mut answer: serde_json::Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
        answer["Failed"] =
            serde_json::json!([{"Id": refused["Id"], "Code": "InternalError", "SenderFault": false}]);
        Ok(response(200, answer.to_string()))
    });
    bench.wire.inject("DeleteMessageBatch", 1, partly);
    let seen = Seen::default();
    let worker = bench.work(taking(&seen, |_| Duration::ZERO)).await;
    seconds(120).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (4, (0, 0)));
    let text = logs::take();
    let told: Vec<_> =
        text.lines().filter(|line| line.contains("deleting_a_handled_message_failed")).collect();
    assert!(
        matches!(told[..], [line] if line.contains("InternalError") && line.contains("message_id")),
        "{text}"
    );
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_takes_long_holds_up_no_message() {
    let bench = bench_with(100).await;
    bench.wire.inject("DeleteMessageBatch", usize::MAX, Fault::Silence);
    let seen = Seen::default();
    let worker = bench.work(taking(&seen, |_| Duration::from_millis(10))).await;
    seconds(1).await;
    assert_eq!(seen.texts().len(), 100);
    bench.wire.repair();
    worker.stop().await;
}

/// A linger that goes on would keep the process, and a message that is not deleted would come again.
#[tokio::test(start_paused = true)]
async fn what_was_handled_is_deleted_before_a_stop_ends() {
    let bench = bench_with(3).await;
    let seen = Seen::default();
    let settings = ConsumerSettings { linger: Duration::from_secs(3), ..ConsumerSettings::default() };
    let worker = Worker::start(&bench.wire, settings, taking(&seen, |_| Duration::ZERO)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (3, (0, 3)));
    let took = worker.stop().await;
    assert_eq!(bench.counts().await, (0, 0));
    let longest = ConsumerSettings::default().last_receive + Duration::from_millis(100);
    assert!(took < longest, "{took:?}");
}
