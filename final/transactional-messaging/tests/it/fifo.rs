//! FIFO topics and queues: the order of each subject, through failures, and no second copy within five
//! minutes.
//!
//! The embedded SQS hands out one message of a group at a time, so what a batch of several would do cannot be
//! seen here; that the consumer never asks for one can.

use aws_sdk_sqs::types::QueueAttributeName;
use transactional_messaging::{
    channels::Channels,
    consumer::{Delivery, Handled, HandlerError},
    inbox::Retention,
    provision::ensure_service,
    relay::Outcome,
};

use crate::{
    bench::{Bench, relay_on, resources, subject, texts},
    note::Noted,
    queues,
    wire::Fault,
    worker::{Seen, seconds},
};
#[tokio::test(start_paused = true)]
async fn messages_of_every_subject_arrive_in_order() {
    let bench = Bench::fifo().await;
    let subjects: Vec<_> = (0..12).map(subject).collect();
    for version in 0..5 {
        for subject in &subjects {
            bench.store_all(subject, version..=version).await;
        }
    }
    for outcome in bench.wake_all(&subjects).await {
        assert_eq!(outcome.unwrap(), Outcome::Dispatched(5));
    }
    let arrived = bench.delivered().await;
    for subject in &subjects {
        let of_this = arrived.iter().filter(|envelope| envelope.subject == subject.as_str());
        assert_eq!(of_this.map(crate::bench::text_of).collect::<Vec<_>>(), texts(0..5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_is_not_overtaken_by_its_own_subject_and_holds_up_no_other() {
    let bench = Bench::fifo().await;
    for number in [1, 2] {
        for version in 0..4 {
            bench.store(&subject(number), version, &bench.noted(&format!("{number}/{version}"))).await;
        }
    }
    bench.wake_all(&[subject(1), subject(2)]).await;
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        let text = delivery.message.text;
        let fails = log.note(&text) < 4 && text == "1/1";
        async move { if fails { Err(HandlerError::retryable("not now")) } else { Ok(Handled::Done) } }
    });
    let worker = worker.await;
    seconds(300).await;
    let of = |subject: &str| {
        let texts = seen.texts().into_iter();
        texts.filter(|text| text.starts_with(subject)).collect::<Vec<_>>()
    };
    assert_eq!(of("1/"), ["1/0", "1/1", "1/1", "1/1", "1/1", "1/2", "1/3"]);
    assert_eq!(of("2/"), ["2/0", "2/1", "2/2", "2/3"]);
    assert!(seen.times("2/3")[0] < seen.times("1/1")[1], "the other subject did not wait");
    assert_eq!(bench.counts().await, (0, 0));
    let asked = bench.wire.calls("ReceiveMessage");
    assert!(asked.iter().all(|call| call.body.contains("\"MaxNumberOfMessages\":1,")), "{:?}", asked[0].body);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_published_again_within_five_minutes_arrives_once() {
    let bench = Bench::fifo().await;
    bench.store_all(&subject(1), 0..3).await;
    bench.wire.inject("BatchWriteItem", 4, Fault::code(400, "AccessDeniedException"));
    bench.wake(&subject(1)).await.unwrap_err();
    seconds(240).await;
    let other = relay_on(&bench.wire, 2_000_000, Channels::Fifo);
    let outcomes = other.wake(vec![subject(1)]).await;
    assert!(outcomes.into_values().all(|outcome| matches!(outcome, Ok(Outcome::Dispatched(3)))));
    assert_eq!(bench.wire.count("PublishBatch"), 6, "SNS got everything twice");
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
}

#[tokio::test(start_paused = true)]
async fn a_hopeless_message_goes_to_the_fifo_dead_letter_queue_with_its_reason_and_the_next_one_follows() {
    let bench = Bench::fifo().await;
    bench.store_all(&subject(1), 0..3).await;
    bench.wake(&subject(1)).await.unwrap();
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        let hopeless = delivery.message.text == "1";
        async move { if hopeless { Err(HandlerError::terminal("never")) } else { Ok(Handled::Done) } }
    });
    let worker = worker.await;
    seconds(60).await;
    assert_eq!(seen.texts(), texts(0..3));
    let dead = bench.dead_letters().await;
    assert_eq!((dead.len(), dead[0].1.as_deref()), (1, Some("never")));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn topics_queues_and_dead_letter_queues_are_all_fifo_and_may_be_made_again() {
    let bench = Bench::fifo().await;
    ensure_service(&bench.dynamodb, &bench.sns, &bench.sqs, &resources().on(Channels::Fifo)).await.unwrap();
    for queue in ["notes.fifo", "notes--dlq.fifo"] {
        let request = bench.sqs.get_queue_attributes().queue_url(queues::url(&bench.sqs, queue).await);
        let answer = request.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let attributes = answer.attributes.unwrap();
        assert_eq!(attributes[&QueueAttributeName::FifoQueue], "true", "{queue}");
        assert_eq!(attributes[&QueueAttributeName::DeduplicationScope], "messageGroup", "{queue}");
        assert_eq!(attributes[&QueueAttributeName::FifoThroughputLimit], "perMessageGroupId", "{queue}");
    }
    let topics = bench.sns.list_topics().send().await.unwrap();
    let arns: Vec<_> = topics.topics().iter().filter_map(|topic| topic.topic_arn()).collect();
    assert_eq!(arns, ["arn:aws:sns:us-east-1:000000000000:noted.fifo"]);
    let attributes = bench.sns.get_topic_attributes().topic_arn(arns[0]).send().await.unwrap();
    let attributes = attributes.attributes.unwrap();
    assert_eq!((&*attributes["FifoTopic"], &*attributes["FifoThroughputScope"]), ("true", "MessageGroup"));
}

/// A FIFO dead-letter queue counts the days anew.
#[test]
fn an_inbox_behind_fifo_queues_must_remember_as_long_as_a_message_can_be_on_its_way() {
    assert!(Retention::of_days(44, Channels::Fifo).is_err());
    assert!(Retention::of_days(45, Channels::Fifo).is_ok());
}
