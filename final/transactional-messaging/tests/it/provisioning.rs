//! Making everything a service needs, as often as one likes, and waiting for it.

use std::time::Duration;

use aws_sdk_dynamodb::types::StreamViewType;
use aws_sdk_sqs::types::QueueAttributeName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transactional_messaging::provision::{ensure_sent_table, ensure_service, until_made, until_usable};
use unit_of_work::DynamoDb;
use uuid::Uuid;

use crate::{
    bench::{Bench, OUTBOX, QUEUE, resources, subject, texts},
    queues,
    wire::Fault,
};

#[tokio::test(start_paused = true)]
async fn a_second_time_changes_nothing_and_loses_nothing() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    queues::send(&bench.sqs, QUEUE, "kept").await;
    let before = everything(&bench).await;
    for _ in 0..2 {
        ensure_service(&bench.dynamodb, &bench.sns, &bench.sqs, &resources()).await.unwrap();
    }
    assert_eq!(everything(&bench).await, before);
    assert_eq!(queues::drain(&bench.sqs, QUEUE).await, ["kept"]);
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2), "one subscription, so each message comes once");
}

async fn everything(bench: &Bench) -> String {
    let mut topics = bench.sns.list_topics().send().await.unwrap().topics.unwrap();
    topics.sort_by_key(|topic| topic.topic_arn().map(str::to_owned));
    let subscriptions = bench.sns.list_subscriptions().send().await.unwrap();
    let tables = bench.dynamodb.list_tables().send().await.unwrap();
    let request = bench.sqs.get_queue_attributes().queue_url(queues::url(&bench.sqs, QUEUE).await);
    let queue = request.attribute_names(QueueAttributeName::All).send().await.unwrap();
    // SQS notes when the attributes were set last, though to the same values.
    let own = |name: &QueueAttributeName| *name != QueueAttributeName::LastModifiedTimestamp;
    let mut attributes: Vec<_> =
        queue.attributes.unwrap().into_iter().filter(|(name, _)| own(name)).collect();
    attributes.sort_by_key(|(name, _)| name.to_string());
    format!("{:?}\n{:?}\n{:?}\n{attributes:?}", topics, subscriptions.subscriptions, tables.table_names)
}

#[tokio::test(start_paused = true)]
async fn the_outbox_has_a_stream_of_keys_and_neither_an_index_nor_a_time_to_live() {
    let bench = Bench::new().await;
    let table = bench.dynamodb.describe_table().table_name(OUTBOX).send().await.unwrap().table.unwrap();
    let stream = table.stream_specification().unwrap();
    assert_eq!((stream.stream_enabled(), stream.stream_view_type()), (true, Some(&StreamViewType::KeysOnly)));
    assert!(table.global_secondary_indexes().is_empty());
    ensure_sent_table(&bench.dynamodb, "notes-sent").await.unwrap();
    let expires = Some("ExpiresAt");
    for (name, expected) in
        [("notes-inbox", expires), ("notes-sent", expires), (OUTBOX, None), ("notes", None)]
    {
        let described = bench.dynamodb.describe_time_to_live().table_name(name).send().await.unwrap();
        let ttl = described.time_to_live_description.unwrap();
        assert_eq!(ttl.attribute_name(), expected, "{name}");
        assert_eq!(ttl.time_to_live_status().unwrap().as_str() == "ENABLED", expected.is_some(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_a_dead_letter_queue_and_takes_messages_of_its_topic_only() {
    let bench = Bench::new().await;
    let request = bench.sqs.get_queue_attributes().queue_url(queues::url(&bench.sqs, QUEUE).await);
    let attributes =
        request.attribute_names(QueueAttributeName::All).send().await.unwrap().attributes.unwrap();
    let json = |name| serde_json::from_str::<serde_json::Value>(&attributes[&name]).unwrap();
    let redrive = json(QueueAttributeName::RedrivePolicy);
    assert_eq!(redrive["deadLetterTargetArn"], "arn:aws:sqs:us-east-1:000000000000:notes--dlq");
    assert_eq!(
        redrive["maxReceiveCount"], 6,
        "five, and one more for what could not be moved with its reason"
    );
    let statement = &json(QueueAttributeName::Policy)["Statement"][0];
    assert_eq!(statement["Principal"]["Service"], "sns.amazonaws.com");
    assert_eq!(
        statement["Condition"]["ArnEquals"]["aws:SourceArn"],
        "arn:aws:sns:us-east-1:000000000000:noted"
    );
    assert_eq!(statement["Resource"], "arn:aws:sqs:us-east-1:000000000000:notes");
}

/// SQS keeps the time at which a message was first sent when it moves it, so with one retention for both,
/// what waited long in the queue would be gone before anybody saw it.
#[tokio::test(start_paused = true)]
async fn dead_letters_are_kept_a_week_longer_than_the_queue_keeps_messages() {
    let bench = Bench::new().await;
    let mut days = Vec::new();
    for queue in [QUEUE, "notes--dlq"] {
        let request = bench.sqs.get_queue_attributes().queue_url(queues::url(&bench.sqs, queue).await);
        let kept = QueueAttributeName::MessageRetentionPeriod;
        let attributes = request.attribute_names(kept.clone()).send().await.unwrap().attributes.unwrap();
        days.push(attributes[&kept].parse::<u32>().unwrap() / (24 * 60 * 60));
    }
    assert_eq!(days, [7, 14]);
}

#[tokio::test(start_paused = true)]
async fn an_error_names_what_could_not_be_made() {
    let bench = Bench::new().await;
    let config = bench.wire.sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    bench.wire.inject_where("CreateTable", "notes-inbox", 1, Fault::code(400, "AccessDeniedException"));
    let error = ensure_service(&dynamodb, &bench.sns, &bench.sqs, &resources()).await.unwrap_err();
    assert_eq!(error.what, "table notes-inbox");
    let sqs = aws_sdk_sqs::Client::new(&config);
    bench.wire.inject("SetQueueAttributes", 1, Fault::code(400, "AccessDenied"));
    let error = ensure_service(&dynamodb, &bench.sns, &sqs, &resources()).await.unwrap_err();
    assert_eq!(error.what, "queue notes");
}

#[tokio::test(start_paused = true)]
async fn a_service_does_not_start_without_its_tables_and_queues_and_all_that_are_missing_are_named() {
    let bench = Bench::new().await;
    let database = DynamoDb::new(bench.dynamodb.clone());
    let stop = CancellationToken::new();
    let (mut needed, seed) = (resources(), Uuid::nil());
    until_usable(&database, &bench.sqs, &needed, seed, &stop).await.unwrap();
    needed.inbox_table = Some("no-inbox".to_owned());
    needed.outbox_table = Some("no-outbox".to_owned());
    needed.subscriptions[0].queue = "no-queue".to_owned();
    let error = until_usable(&database, &bench.sqs, &needed, seed, &stop).await.unwrap_err();
    let names: Vec<_> = error.problems.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(names, ["table no-inbox", "table no-outbox", "queue no-queue"], "{error}");
}

/// The outbox is asked by an addition that must not take place, and whose refusal tells.
#[tokio::test(start_paused = true)]
async fn a_service_that_may_not_add_to_its_outbox_does_not_start_and_asking_adds_nothing() {
    let bench = Bench::new().await;
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&bench.wire.sdk_config()));
    let (stop, seed) = (CancellationToken::new(), Uuid::from_u128(1));
    let needed = resources();
    let ask = || until_usable(&database, &bench.sqs, &needed, seed, &stop);
    ask().await.unwrap();
    assert_eq!(bench.wire.count("TransactWriteItems"), 1);
    let rows = bench.dynamodb.scan().table_name(OUTBOX).send().await.unwrap();
    assert_eq!(rows.count(), 0);
    bench.wire.inject("TransactWriteItems", 1, Fault::code(400, "AccessDeniedException"));
    let error = ask().await.unwrap_err();
    assert!(error.problems[0].starts_with("table notes-outbox"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_never_answers_at_the_start_costs_one_deadline_and_is_asked_again_until_it_does() {
    let bench = Bench::new().await;
    let config = bench.wire.sdk_config();
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    let sqs = aws_sdk_sqs::Client::new(&config);
    for operation in ["GetItem", "TransactWriteItems", "GetQueueUrl"] {
        bench.wire.inject(operation, usize::MAX, Fault::Silence);
    }
    let wire = bench.wire.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(9)).await;
        wire.repair();
    });
    let begun = Instant::now();
    let stop = CancellationToken::new();
    until_usable(&database, &sqs, &resources(), Uuid::nil(), &stop).await.unwrap();
    let took = begun.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(12)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn in_development_a_service_waits_for_an_aws_that_is_not_there_yet_and_not_for_what_does_not_pass() {
    let wire = crate::wire::Wire::new();
    let config = wire.sdk_config();
    let (dynamodb, sns) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sns::Client::new(&config));
    let sqs = aws_sdk_sqs::Client::new(&config);
    let stop = CancellationToken::new();
    let wanted = resources();
    let make = || until_made(Uuid::nil(), &stop, || ensure_service(&dynamodb, &sns, &sqs, &wanted));
    for away in [Fault::RequestLost, Fault::Silence, Fault::code(503, "ServiceUnavailable")] {
        for operation in ["CreateTopic", "CreateQueue", "CreateTable"] {
            wire.inject(operation, usize::MAX, away.clone());
        }
        let repairing = wire.clone();
        let repaired = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(300)).await;
            assert!(repairing.total() < 500, "{} calls in five minutes", repairing.total());
            repairing.repair();
        });
        let begun = Instant::now();
        make().await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(300), "it waited");
        repaired.await.unwrap();
    }
    wire.inject("CreateTable", usize::MAX, Fault::code(400, "AccessDeniedException"));
    let begun = Instant::now();
    assert!(!make().await.unwrap_err().retryable);
    assert!(begun.elapsed() < Duration::from_secs(1));
    wire.repair();
    wire.inject("CreateTopic", usize::MAX, Fault::RequestLost);
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        stopping.cancel();
    });
    make().await.unwrap();
}
