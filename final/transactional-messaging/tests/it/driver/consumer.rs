//! The consumer as a Lambda function: what its answer names, what becomes of what it does not name, and the
//! same behind the simulated event source mapping.

use std::time::Duration;

use local_aws::mapping::{QueueMapping, QueueSettings};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    channels::Channels,
    consumer::{Delivery, Handled, HandlerError},
    driver::lambda_consumer::{Batch, LambdaConsumer},
    wiring::Wiring,
};
use waiting::Deadline;

use crate::{
    bench::{Bench, NOTES},
    note::Noted,
    queues,
    wire::Fault,
    worker::{Outcome, Seen, seconds},
};

/// A receipt of the form that the embedded SQS gives: such a message can be hidden and deleted.
const RECEIPT: &str = concat!(
    "MDU5ZjM2YjQtODdhMy00NGFiLTgzZDItNjYxOTc1ODMwYTdkOjE6MDAwMDAwMDAtMDAwMC00MDAw",
    "LTgwMDAtMDAwMDAwMDAwMDAw"
);

/// A service whose handler ends as the text of a message says.
#[derive(Clone, Default)]
struct Notes(Seen);

impl Notes {
    async fn handle(self, delivery: Delivery<Noted>) -> Outcome {
        let text = delivery.message.text;
        let number = self.0.note(&text);
        match text.split(' ').next().unwrap() {
            "fails" => Err(HandlerError::retryable("not now")),
            "fails-once" if number == 1 => Err(HandlerError::retryable("not now")),
            "poison" => Err(HandlerError::terminal("it is poison")),
            "panics" => panic!("as told"),
            "hangs" => std::future::pending().await,
            _ => Ok(Handled::Done),
        }
    }
}

async fn function(bench: &Bench, notes: &Notes) -> LambdaConsumer<Notes> {
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.sdk_config());
    let channels = Channels::of_name(&bench.queue());
    let wiring = Wiring::new().consumes(NOTES, Notes::handle);
    LambdaConsumer::open(&sqs, ("", channels), wiring, notes.clone(), Duration::from_secs(5)).await.unwrap()
}

/// A batch of this queue as Lambda would hand it over: text, group, how often it was received.
fn batch(bench: &Bench, queue: &str, messages: &[(&str, &str, u32)]) -> Batch {
    let record = |(text, group, receives): &(&str, &str, u32)| {
        json!({
            "messageId": text, "receiptHandle": RECEIPT, "body": bench.body(text),
            "attributes": {"ApproximateReceiveCount": receives.to_string(), "MessageGroupId": group},
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
        })
    };
    serde_json::from_value(json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })).unwrap()
}

/// The messages that are named, sorted.
async fn named(function: &LambdaConsumer<Notes>, batch: Batch) -> Vec<String> {
    let response = function.handle(batch).await;
    let mut named: Vec<_> = response.batch_item_failures.into_iter().map(|one| one.item_identifier).collect();
    named.sort();
    named
}

async fn reasons(bench: &Bench) -> Vec<String> {
    bench.dead_letters().await.into_iter().map(|(_, reason)| reason.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_what_may_succeed_later_is_named_and_what_never_will_is_buried_with_its_reason() {
    let (bench, notes) = (Bench::new().await, Notes::default());
    let function = function(&bench, &notes).await;
    let messages =
        [("good", "a", 1), ("fails", "a", 1), ("poison", "a", 1), ("panics", "a", 1), ("fine", "a", 1)];
    assert_eq!(named(&function, batch(&bench, &bench.queue(), &messages)).await, ["fails", "panics"]);
    assert_eq!(reasons(&bench).await, ["it is poison"]);
    // A group says nothing in a standard queue.
    assert_eq!(notes.0.texts().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_last_receive_but_one_gives_up_with_a_reason() {
    let (bench, notes) = (Bench::new().await, Notes::default());
    let function = function(&bench, &notes).await;
    for (receives, expected) in [(4, vec!["fails"]), (5, vec![])] {
        let batch = batch(&bench, &bench.queue(), &[("fails", "a", receives)]);
        assert_eq!(named(&function, batch).await, expected, "{receives}");
    }
    assert_eq!(reasons(&bench).await, ["given up after 5 receives: not now"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_buried_is_named_and_so_is_what_came_from_another_queue() {
    let (bench, notes) = (Bench::new().await, Notes::default());
    let function = function(&bench, &notes).await;
    bench.wire.inject("SendMessage", usize::MAX, Fault::code(403, "AccessDenied"));
    assert_eq!(named(&function, batch(&bench, &bench.queue(), &[("poison", "a", 1)])).await, ["poison"]);
    assert_eq!(named(&function, batch(&bench, "another", &[("good", "a", 1)])).await, ["good"]);
}

#[tokio::test(start_paused = true)]
async fn in_a_fifo_queue_nothing_overtakes_what_failed_and_other_groups_go_on() {
    let (bench, notes) = (Bench::fifo().await, Notes::default());
    let function = function(&bench, &notes).await;
    let messages =
        [("a 1", "a", 1), ("b 1", "b", 1), ("fails a 2", "a", 1), ("a 3", "a", 1), ("b 2", "b", 1)];
    assert_eq!(named(&function, batch(&bench, &bench.queue(), &messages)).await, ["a 3", "fails a 2"]);
    let seen = notes.0.texts();
    assert!(!seen.contains(&"a 3".to_owned()) && seen.contains(&"b 2".to_owned()), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn poison_in_a_fifo_group_is_buried_and_what_stands_behind_it_goes_on() {
    let (bench, notes) = (Bench::fifo().await, Notes::default());
    let function = function(&bench, &notes).await;
    let messages = [("poison 1", "a", 1), ("good 2", "a", 1)];
    assert!(named(&function, batch(&bench, &bench.queue(), &messages)).await.is_empty());
    assert_eq!(
        (notes.0.texts(), reasons(&bench).await.len()),
        (vec!["poison 1".to_owned(), "good 2".to_owned()], 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_invocation_ends_in_time_and_names_what_was_not_done() {
    let (bench, notes) = (Bench::fifo().await, Notes::default());
    let function = function(&bench, &notes).await;
    let messages = [("hangs", "a", 1), ("behind", "a", 1), ("beside", "b", 1)];
    let begun = Instant::now();
    let work = named(&function, batch(&bench, &bench.queue(), &messages));
    assert_eq!(Deadline::after(Duration::from_secs(3)).scope(work).await, ["behind", "hangs"]);
    assert_eq!(begun.elapsed().as_secs(), 3);
    assert_eq!(notes.0.texts().len(), 2);
}

/// What failed comes again when its pause is over, and nothing is left.
#[tokio::test(start_paused = true)]
async fn behind_a_mapping_every_message_is_handled_once_and_what_failed_comes_again() {
    let (bench, notes) = (Bench::new().await, Notes::default());
    let function = function(&bench, &notes).await;
    for text in ["good", "fails-once", "poison", "fine"] {
        bench.send(text).await;
    }
    let stop = CancellationToken::new();
    let url = queues::url(&bench.sqs, &bench.queue()).await;
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{}", bench.queue());
    let settings = QueueSettings { report_batch_item_failures: true, ..QueueSettings::default() };
    let mapping = QueueMapping::new(bench.sqs.clone(), url, arn, settings);
    let handler = move |event: Value| {
        let function = function.clone();
        async move {
            let batch = serde_json::from_value(event).map_err(|error| error.to_string())?;
            Ok::<_, String>(json!(function.handle(batch).await))
        }
    };
    let (token, running) = (stop.clone(), mapping.clone());
    let running = tokio::spawn(async move { running.run(handler, token).await });
    seconds(60).await;
    for text in ["good", "poison", "fine"] {
        assert_eq!(notes.0.times(text).len(), 1, "{text}");
    }
    let times = notes.0.times("fails-once");
    assert_eq!(times.len(), 2);
    let pause = (times[1] - times[0]).as_secs();
    assert!(
        (10..=25).contains(&pause),
        "{pause} s: the pause of a first failure, and not the visibility timeout"
    );
    assert_eq!((bench.counts().await, reasons(&bench).await.len()), ((0, 0), 1));
    assert_eq!(mapping.allowed(), 5);
    stop.cancel();
    running.await.unwrap().unwrap();
}
