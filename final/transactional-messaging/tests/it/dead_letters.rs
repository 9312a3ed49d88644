//! A message that can never be handled moves to the dead-letter queue with its reason, and is nowhere just
//! deleted.

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    consumer::{Consumer, ConsumerSettings, Delivery, Handled, HandlerError},
    message::{MessageType, Topic},
    wiring::Queue,
};

use crate::{
    bench::{Bench, NOTES, QUEUE},
    note::Noted,
    queues,
    wire::Fault,
    worker::{Outcome, Seen, seconds},
};

#[tokio::test(start_paused = true)]
async fn a_terminal_error_moves_the_message_to_the_dead_letter_queue_with_its_reason() {
    let bench = Bench::new().await;
    let body = bench.send("x").await;
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Err(HandlerError::terminal("order 7\nis unknown"))).await;
    seconds(120).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (1, (0, 0)));
    assert_eq!(bench.dead_letters().await, [(body, Some("order 7?is unknown".to_owned()))]);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_be_read_is_never_handled_and_never_just_deleted() {
    let bench = Bench::new().await;
    let good = bench.body("x");
    let bodies = [
        ("no json at all", "the body is no cloudevents document"),
        (r#"{"Type":"Notification","Message":"{\"specversion\":\"1.0\"}"}"#, "missing field"),
        (
            &good.replace(r#""Noted""#, r#""Forged<script>""#),
            "Noted was expected on this queue, not Forgedscript",
        ),
        (&good.replace(r#""text":"#, r#""words":"#), "missing field `text`"),
    ];
    for (body, _) in &bodies {
        queues::send(&bench.sqs, QUEUE, body).await;
    }
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Ok(Handled::Done)).await;
    seconds(120).await;
    assert!(seen.texts().is_empty());
    let dead = bench.dead_letters().await;
    assert_eq!((dead.len(), bench.counts().await), (bodies.len(), (0, 0)));
    for (body, expected) in bodies {
        let (_, reason) = dead.iter().find(|(dead, _)| *dead == body).unwrap();
        assert!(reason.as_ref().unwrap().contains(expected), "{reason:?}");
    }
    worker.stop().await;
}

/// A message with an amount, into which somebody put a name.
#[derive(Debug, Deserialize)]
struct Priced {
    #[expect(dead_code, reason = "it is never read, because it cannot be")]
    text: u64,
}

impl MessageType for Priced {
    const TYPE: &'static str = "Noted";
    const TOPIC: Topic = Topic::new("noted");
}

/// The reason is stored with the message and logged, where personal data must not be.
#[tokio::test(start_paused = true)]
async fn the_reason_quotes_no_value_of_the_message() {
    let bench = Bench::new().await;
    bench.send(r#"Ada "Countess" Lovelace"#).await;
    let consumer = Consumer::open(bench.sqs.clone(), QUEUE, ConsumerSettings::default()).await.unwrap();
    let stop = CancellationToken::new();
    let handler = |_: Delivery<Priced>| async { Outcome::Ok(Handled::Done) };
    let task = tokio::spawn(consumer.run(Queue::new(QUEUE), handler, stop.clone()));
    seconds(10).await;
    let reason = bench.dead_letters().await.remove(0).1.unwrap();
    assert!(reason.contains("invalid type: string") && reason.contains("expected u64"), "{reason}");
    for word in ["Ada", "Countess", "Lovelace"] {
        assert!(!reason.contains(word), "{reason}");
    }
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_stays_in_its_queue_while_it_cannot_be_put_into_the_other() {
    let bench = Bench::new().await;
    let body = bench.send("x").await;
    bench.wire.inject("SendMessage", 3, Fault::code(500, "InternalError")); // three attempts of the SDK
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Err(HandlerError::terminal("never"))).await;
    seconds(20).await;
    assert_eq!((bench.counts().await, bench.dead_letters().await.len()), ((0, 1), 0));
    seconds(60).await;
    assert_eq!(seen.texts().len(), 2);
    assert_eq!(bench.dead_letters().await, [(body, Some("never".to_owned()))]);
    worker.stop().await;
}

/// SQS is away when the message is given up. It would move the message itself the next time, without a word.
#[tokio::test(start_paused = true)]
async fn a_message_that_could_not_be_moved_with_its_reason_comes_once_more_and_is() {
    let bench = Bench::new().await;
    let body = bench.send("x").await;
    bench.wire.inject("SendMessage", 3, Fault::code(500, "InternalError")); // three attempts of the SDK
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Err(HandlerError::retryable("not now"))).await;
    seconds(1200).await;
    assert_eq!((seen.texts().len(), bench.counts().await), (6, (0, 0)));
    let reason = "given up after 6 receives: not now".to_owned();
    assert_eq!(bench.dead_letters().await, [(body, Some(reason))]);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_dead_letter_queue_a_hopeless_message_stays_where_it_is() {
    let bench = Bench::new().await;
    bench.sqs.create_queue().queue_name("lonely").send().await.unwrap();
    queues::send(&bench.sqs, "lonely", "no json").await;
    let consumer = Consumer::open(bench.sqs.clone(), "lonely", ConsumerSettings::default()).await.unwrap();
    let stop = CancellationToken::new();
    let handler = |_: Delivery<Noted>| async { Outcome::Ok(Handled::Done) };
    let task = tokio::spawn(consumer.run(NOTES, handler, stop.clone()));
    seconds(100).await;
    stop.cancel();
    task.await.unwrap();
    seconds(31).await;
    assert_eq!(queues::drain(&bench.sqs, "lonely").await, ["no json"]);
}

/// What an operator redrives has lost nothing, whatever came with it.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_keeps_the_attributes_that_its_message_came_with() {
    use aws_sdk_sqs::{primitives::Blob, types::MessageAttributeValue};
    let bench = Bench::new().await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("acme").build().unwrap();
    let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([1, 2])).build();
    let request =
        bench.sqs.send_message().queue_url(queues::url(&bench.sqs, QUEUE).await).message_body("no json");
    let request = request.message_attributes("tenant", text).message_attributes("key", bytes.unwrap());
    request.send().await.unwrap();
    let worker = bench.noting(&Seen::default(), |_| Ok(Handled::Done)).await;
    seconds(10).await;
    worker.stop().await;
    let letter = queues::take(&bench.sqs, "notes--dlq").await.remove(0);
    let attributes = letter.message_attributes().unwrap();
    assert_eq!(attributes["tenant"].string_value(), Some("acme"));
    assert!(attributes.contains_key("key") && attributes.contains_key("reason"), "{attributes:?}");
}

/// SQS counts the attributes; the reason alone made it too large, and so it came again for ever.
#[tokio::test(start_paused = true)]
async fn a_message_as_large_as_sqs_takes_still_gets_into_the_dead_letter_queue() {
    const LIMIT: usize = 256 * 1024;
    for spare in [0, 20, 100] {
        let bench = Bench::new().await;
        let body = "x".repeat(LIMIT - spare);
        queues::send(&bench.sqs, QUEUE, &body).await;
        bench.wire.inject(
            "SendMessage",
            9,
            Fault::instead(|aws, request| async move {
                let sent: serde_json::Value =
                    serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
                let attributes = sent["MessageAttributes"].as_object();
                let reason = attributes.and_then(|all| all.get("reason")?["StringValue"].as_str());
                let size =
                    sent["MessageBody"].as_str().unwrap().len() + reason.map_or(0, |text| text.len() + 12);
                if size > LIMIT {
                    return Ok(crate::wire::response(
                        400,
                        r#"{"__type":"InvalidParameterValue","message":"too long"}"#.to_owned(),
                    ));
                }
                aws.call(request).await
            }),
        );
        let worker = bench.noting(&Seen::default(), |_| Ok(Handled::Done)).await;
        seconds(10).await;
        worker.stop().await;
        let dead = bench.dead_letters().await;
        assert_eq!((dead.len(), dead[0].0.len()), (1, body.len()));
        assert_eq!(dead[0].1.as_ref().map(String::len).is_some_and(|length| length <= spare), spare > 12);
    }
}
