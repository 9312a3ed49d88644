//! Time in memory is tokio's: what takes seconds in AWS takes none here, and happens at the same moment every
//! time.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_dynamodb::types::{AttributeValue, StreamViewType, TimeToLiveSpecification};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use local_aws::InMemoryAws;
use tokio::time::Instant;

use support::tables::{create_table, put, put_new, text};

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_after_its_visibility_timeout() {
    let aws = InMemoryAws::new().unwrap();
    let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
    let queue = sqs.create_queue().queue_name("work").send().await.unwrap().queue_url.unwrap();
    sqs.send_message().queue_url(&queue).message_body("hello").send().await.unwrap();
    let receive = || {
        let call = sqs.receive_message().queue_url(&queue).visibility_timeout(30).wait_time_seconds(20);
        call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
    };
    assert_eq!(receive().send().await.unwrap().messages().len(), 1);
    let hidden = Instant::now();
    assert_eq!(receive().send().await.unwrap().messages().len(), 0, "hidden for the whole long poll");
    assert_eq!(hidden.elapsed().as_secs(), 20);
    let again = receive().send().await.unwrap();
    assert!((30..=31).contains(&hidden.elapsed().as_secs()), "{:?}", hidden.elapsed());
    let count =
        &again.messages()[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "2");
}

#[tokio::test(start_paused = true)]
async fn a_message_moves_to_the_dead_letter_queue_after_its_last_receive() {
    let aws = InMemoryAws::new().unwrap();
    let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
    let dead = sqs.create_queue().queue_name("dead").send().await.unwrap().queue_url.unwrap();
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"}"#;
    let create = sqs.create_queue().queue_name("work").attributes(QueueAttributeName::RedrivePolicy, policy);
    let work = create.send().await.unwrap().queue_url.unwrap();
    sqs.send_message().queue_url(&work).message_body("poison").send().await.unwrap();
    let receive =
        |queue: &str| sqs.receive_message().queue_url(queue).visibility_timeout(5).wait_time_seconds(10);
    for _ in 0..2 {
        assert_eq!(receive(&work).send().await.unwrap().messages().len(), 1);
    }
    assert!(receive(&work).send().await.unwrap().messages().is_empty());
    let moved = receive(&dead).send().await.unwrap();
    assert_eq!(moved.messages()[0].body(), Some("poison"));
}

#[tokio::test(start_paused = true)]
async fn an_item_expires_at_its_time_and_the_stream_says_who_removed_it() {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let db = aws_sdk_dynamodb::Client::new(&config);
    let arn = create_table(&db, "inbox", StreamViewType::KeysOnly).await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    db.update_time_to_live().table_name("inbox").time_to_live_specification(ttl).send().await.unwrap();
    let now = aws.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expires = AttributeValue::N((now + 3600).to_string());
    db.put_item().table_name("inbox").item("id", text("a")).item("expires", expires).send().await.unwrap();
    let count = || async { db.scan().table_name("inbox").send().await.unwrap().count() };
    tokio::time::sleep(Duration::from_secs(3500)).await;
    assert_eq!(count().await, 1);
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(count().await, 0);

    let streams = aws_sdk_dynamodbstreams::Client::new(&config);
    let stream = streams.describe_stream().stream_arn(&arn).send().await.unwrap().stream_description.unwrap();
    let call = streams.get_shard_iterator().stream_arn(&arn).shard_id(stream.shards()[0].shard_id().unwrap());
    let iterator =
        call.shard_iterator_type("TRIM_HORIZON".into()).send().await.unwrap().shard_iterator.unwrap();
    let records = streams.get_records().shard_iterator(iterator).send().await.unwrap().records.unwrap();
    let removed_by = records[1].user_identity().unwrap();
    assert_eq!(removed_by.r#type(), Some("Service"));
    assert_eq!(removed_by.principal_id(), Some("dynamodb.amazonaws.com"));
}

async fn sequence_numbers() -> Vec<String> {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let db = aws_sdk_dynamodb::Client::new(&config);
    let arn = create_table(&db, "outbox", StreamViewType::KeysOnly).await;
    put(&db, "outbox", "a", "1").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    put(&db, "outbox", "b", "1").await;
    let streams = aws_sdk_dynamodbstreams::Client::new(&config);
    let stream = streams.describe_stream().stream_arn(&arn).send().await.unwrap().stream_description.unwrap();
    let call = streams.get_shard_iterator().stream_arn(&arn).shard_id(stream.shards()[0].shard_id().unwrap());
    let iterator =
        call.shard_iterator_type("TRIM_HORIZON".into()).send().await.unwrap().shard_iterator.unwrap();
    let records = streams.get_records().shard_iterator(iterator).send().await.unwrap().records.unwrap();
    std::iter::once(arn)
        .chain(records.iter().map(|record| {
            let change = record.dynamodb().unwrap();
            format!("{} {:?}", change.sequence_number().unwrap(), change.approximate_creation_date_time())
        }))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_writes_leave_the_same_stream_and_nothing_is_shared() {
    let first = sequence_numbers().await;
    assert_eq!(first.len(), 3);
    assert_eq!(first, sequence_numbers().await);
}

#[tokio::test(start_paused = true)]
async fn a_request_token_is_forgotten_after_ten_minutes() {
    let aws = InMemoryAws::new().unwrap();
    let db = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    create_table(&db, "outbox", StreamViewType::KeysOnly).await;
    let insert = || {
        let call = db.transact_write_items().client_request_token("0f0e8f3e-9f0a-4a3c-8d0e-000000000001");
        call.transact_items(put_new("outbox", "a")).send()
    };
    insert().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    insert().await.expect("the same request again");
    tokio::time::sleep(Duration::from_secs(1)).await;
    insert().await.expect_err("a new request, and a exists");
}

/// Whoever begins at the oldest record begins at the oldest that is left. Whoever would have to read one that
/// is gone is told so, by an iterator that was made before and by a new one.
#[tokio::test(start_paused = true)]
async fn stream_records_leave_after_24_hours() {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let db = aws_sdk_dynamodb::Client::new(&config);
    let arn = create_table(&db, "outbox", StreamViewType::KeysOnly).await;
    let streams = aws_sdk_dynamodbstreams::Client::new(&config);
    let stream = streams.describe_stream().stream_arn(&arn).send().await.unwrap().stream_description.unwrap();
    let shard = stream.shards()[0].shard_id().unwrap();
    let iterator = async |kind: &str, number: Option<&String>| {
        let call =
            streams.get_shard_iterator().stream_arn(&arn).shard_id(shard).shard_iterator_type(kind.into());
        let answer = call.set_sequence_number(number.cloned()).send().await;
        answer
            .map(|answer| answer.shard_iterator.unwrap())
            .map_err(|error| error.into_service_error().to_string())
    };
    let read = async |iterator: String| {
        let answer = streams.get_records().shard_iterator(iterator).send().await;
        let answer = answer.map_err(|error| error.into_service_error().to_string())?;
        let number = |record: &aws_sdk_dynamodbstreams::types::Record| {
            record.dynamodb().unwrap().sequence_number().unwrap().to_owned()
        };
        Ok::<_, String>(answer.records().iter().map(number).collect::<Vec<_>>())
    };
    let hours = |hours: u64| tokio::time::sleep(Duration::from_secs(hours * 60 * 60));
    let mut numbers = Vec::new();
    for id in ["a", "b", "c"] {
        put(&db, "outbox", id, "1").await;
        numbers = read(iterator("TRIM_HORIZON", None).await.unwrap()).await.unwrap();
        hours(10).await;
    }
    // Now a is 30 hours old, b 20 and c 10.
    assert_eq!(numbers.len(), 3);
    assert_eq!(read(iterator("TRIM_HORIZON", None).await.unwrap()).await.unwrap(), numbers[1..]);
    for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
        let error = iterator(kind, Some(&numbers[0])).await.unwrap_err();
        assert!(error.contains("TrimmedDataAccessException"), "{error}");
    }
    let [at, after] = [
        iterator("AT_SEQUENCE_NUMBER", Some(&numbers[1])).await.unwrap(),
        iterator("AFTER_SEQUENCE_NUMBER", Some(&numbers[1])).await.unwrap(),
    ];
    hours(5).await;
    assert!(read(at).await.unwrap_err().contains("TrimmedDataAccessException"));
    assert_eq!(read(after).await.unwrap(), numbers[2..], "it asks for nothing that is gone");
}
