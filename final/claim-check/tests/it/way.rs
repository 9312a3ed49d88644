//! A large message on its whole way: unit of work, outbox, relay, SNS, SQS, consumer, dead-letter queue.

use std::sync::{Arc, Mutex};

use claim_check::message::Claimable;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Consumer, ConsumerSettings, Delivery, Handled},
    message::{Context, Place, Subject},
    outbox::Outbox,
    provision::{ServiceResources, Subscription, ensure_service},
    relay::{Relay, SnsPublisher, TopicDirectory},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::bench::{BUCKET, Bench, QUEUE, Report};

async fn provision(bench: &Bench) {
    let config = bench.wire.aws().sdk_config();
    let resources = ServiceResources {
        aggregate_table: Some("reports".to_owned()),
        aggregate_index: None,
        inbox_table: Some("reports-inbox".to_owned()),
        outbox_table: Some("reports-outbox".to_owned()),
        topics: vec!["reports".to_owned()],
        subscriptions: vec![Subscription { topic: "reports".to_owned(), queue: QUEUE.name().to_owned() }],
    };
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    ensure_service(&aws_sdk_dynamodb::Client::new(&config), &sns, &sqs, &resources).await.unwrap();
}

/// Commits the report and relays it; returns the name of its object.
async fn publish(bench: &Bench, report: Report) -> String {
    let config = bench.wire.aws().sdk_config();
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    let subject = Subject::aggregate("report", Uuid::from_u128(1));
    let report = bench.bucket.check_in(report).await.unwrap();
    let mut work: UnitOfWork<&str> = UnitOfWork::new(Uuid::from_u128(2));
    let (place, context) = (Place::only(subject.clone()), Context::of_request(Uuid::from_u128(3)));
    let outbox = Outbox::new("reports-outbox", "/reports");
    outbox.publish(&mut work, &place, &context, &report).unwrap();
    work.commit(&database).await.unwrap();
    let topics = TopicDirectory::NamePrefix(String::new());
    let publisher = SnsPublisher::new(aws_sdk_sns::Client::new(&config), topics);
    let ambient = Ambient::fixed(transactional_messaging::message::Message::created_at(&report));
    let relay = Relay::new(database, "reports-outbox", publisher, ambient);
    relay.wake(vec![subject.clone()]).await.remove(&subject).unwrap().unwrap();
    report.claim().unwrap().key("Report")
}

/// A consumer that notes the lengths of what it redeemed.
async fn consume(bench: &Bench, seen: &Arc<Mutex<Vec<usize>>>) -> CancellationToken {
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.aws().sdk_config());
    let consumer = Consumer::open(sqs, QUEUE.name(), ConsumerSettings::default()).await.unwrap();
    let (bucket, seen, stop) = (Arc::clone(&bench.bucket), Arc::clone(seen), CancellationToken::new());
    let handler = move |delivery: Delivery<Claimable<Report>>| {
        let (bucket, seen) = (Arc::clone(&bucket), Arc::clone(&seen));
        async move {
            let delivery = bucket.redeem(delivery).await?;
            seen.lock().unwrap().push(delivery.message.text.len());
            Ok(Handled::Done)
        }
    };
    tokio::spawn(consumer.run(QUEUE, handler, stop.clone()));
    stop
}

/// Publishes a report, loses its content, and starts the consumer: the name of the object that is missing.
async fn consume_without_content(
    bench: &Bench,
    seen: &Arc<Mutex<Vec<usize>>>,
) -> (String, CancellationToken) {
    provision(bench).await;
    let key = publish(bench, Report::of_bytes(5_000)).await;
    bench.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
    (key, consume(bench, seen).await)
}

async fn dead_letters(bench: &Bench) -> Vec<String> {
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.aws().sdk_config());
    let url = sqs
        .get_queue_url()
        .queue_name(format!("{}--dlq", QUEUE.name()))
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let request = sqs.receive_message().queue_url(url).message_attribute_names("All");
    let messages = request.send().await.unwrap().messages.unwrap_or_default();
    let reason =
        |message: aws_sdk_sqs::types::Message| message.message_attributes?.remove("reason")?.string_value;
    messages.into_iter().filter_map(reason).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_larger_than_sns_takes_arrives_whole() {
    let bench = Bench::new().await;
    provision(&bench).await;
    publish(&bench, Report::of_bytes(900_000)).await;
    let seen = Arc::default();
    let stop = consume(&bench, &seen).await;
    sleep(Duration::from_secs(5)).await;
    stop.cancel();
    assert_eq!(*seen.lock().unwrap(), [900_000 - r#"{"text":""}"#.len()]);
    assert!(dead_letters(&bench).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_content_never_comes_back_ends_in_the_dead_letter_queue_with_its_name() {
    let (bench, seen) = (Bench::new().await, Arc::default());
    let (key, stop) = consume_without_content(&bench, &seen).await;
    sleep(Duration::from_secs(1_000)).await;
    stop.cancel();
    assert!(seen.lock().unwrap().is_empty());
    let reasons = dead_letters(&bench).await;
    assert!(
        matches!(&*reasons, [reason] if reason.contains("given up after 5 receives") && reason.contains(&key)),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn content_that_comes_back_in_time_is_handled_as_if_nothing_had_been() {
    let (bench, seen) = (Bench::new().await, Arc::default());
    let (_, stop) = consume_without_content(&bench, &seen).await;
    sleep(Duration::from_secs(15)).await;
    bench.bucket.check_in(Report::of_bytes(5_000)).await.unwrap();
    sleep(Duration::from_secs(200)).await;
    stop.cancel();
    assert_eq!(seen.lock().unwrap().len(), 1);
    assert!(dead_letters(&bench).await.is_empty());
}
