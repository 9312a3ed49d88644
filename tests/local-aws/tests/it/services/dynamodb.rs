//! DynamoDB and its streams.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::StreamViewType;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use aws_types::SdkConfig;

use support::tables::{create_table, put, put_new, text};

pub(crate) async fn a_transaction_writes_all_or_nothing(config: &SdkConfig) {
    let db = Client::new(config);
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    let write = |ids: [&str; 2]| {
        ids.iter().fold(db.transact_write_items(), |call, id| call.transact_items(put_new("outbox", id)))
    };
    write(["a", "b"]).send().await.unwrap();
    write(["c", "a"]).send().await.expect_err("a exists");
    let ids = db.scan().table_name("outbox").consistent_read(true).send().await.unwrap();
    let mut ids: Vec<&str> = ids.items().iter().map(|item| item["id"].as_s().unwrap().as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b"]);
}

pub(crate) async fn a_cancelled_transaction_names_its_reasons(config: &SdkConfig) {
    let db = Client::new(config);
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    put(&db, "outbox", "taken", "x").await;
    let call = db.transact_write_items();
    let call = call.transact_items(put_new("outbox", "free")).transact_items(put_new("outbox", "taken"));
    let TransactWriteItemsError::TransactionCanceledException(cancelled) =
        call.send().await.unwrap_err().into_service_error()
    else {
        panic!("expected a cancelled transaction");
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
}

pub(crate) async fn a_request_token_makes_a_transaction_idempotent(config: &SdkConfig) {
    let db = Client::new(config);
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    let call = || db.transact_write_items().client_request_token("token-1");
    call().transact_items(put_new("outbox", "a")).send().await.unwrap();
    call().transact_items(put_new("outbox", "a")).send().await.expect("the same request again");
    let other = call().transact_items(put_new("outbox", "b")).send().await.unwrap_err().into_service_error();
    assert!(matches!(other, TransactWriteItemsError::IdempotentParameterMismatchException(_)), "{other:?}");
}

async fn read(
    config: &SdkConfig,
    stream_arn: &str,
    position: ShardIteratorType,
) -> (Vec<Record>, Option<String>) {
    let streams = aws_sdk_dynamodbstreams::Client::new(config);
    let stream = streams.describe_stream().stream_arn(stream_arn).send().await.unwrap();
    let shard = stream.stream_description().unwrap().shards()[0].clone();
    assert!(shard.sequence_number_range().unwrap().ending_sequence_number().is_none(), "the shard is open");
    let call = streams.get_shard_iterator().stream_arn(stream_arn).shard_id(shard.shard_id().unwrap());
    let iterator = call.shard_iterator_type(position).send().await.unwrap().shard_iterator.unwrap();
    let page = streams.get_records().shard_iterator(iterator).send().await.unwrap();
    (page.records.unwrap(), page.next_shard_iterator)
}

/// Id and value of each new image, in the sequence of the stream.
pub(crate) async fn all_records(config: &SdkConfig, stream_arn: &str) -> Vec<String> {
    let (records, _) = read(config, stream_arn, ShardIteratorType::TrimHorizon).await;
    let image = |record: &Record| {
        let image = record.dynamodb().unwrap().new_image().unwrap();
        let text = |name| image.get(name).map_or("", |value| value.as_s().unwrap());
        format!("{} {}", text("id"), text("value"))
    };
    records.iter().map(image).collect()
}

pub(crate) async fn a_keys_only_stream_has_no_images(config: &SdkConfig) {
    let db = Client::new(config);
    let arn = create_table(&db, "outbox", StreamViewType::KeysOnly).await;
    put(&db, "outbox", "a", "1").await;
    let (records, _) = read(config, &arn, ShardIteratorType::TrimHorizon).await;
    let change = records[0].dynamodb().unwrap();
    assert_eq!(records[0].event_name(), Some(&OperationType::Insert));
    assert_eq!(change.keys().unwrap()["id"].as_s().unwrap(), "a");
    assert!(change.new_image().is_none() && change.old_image().is_none());
}

pub(crate) async fn a_new_image_stream_has_the_new_image_only(config: &SdkConfig) {
    let db = Client::new(config);
    let arn = create_table(&db, "outbox", StreamViewType::NewImage).await;
    put(&db, "outbox", "a", "1").await;
    put(&db, "outbox", "a", "2").await;
    let (records, _) = read(config, &arn, ShardIteratorType::TrimHorizon).await;
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let change = record.dynamodb().unwrap();
            assert!(change.old_image().is_none());
            (
                record.event_name().unwrap().as_str(),
                change.new_image().unwrap()["value"].as_s().unwrap().as_str(),
            )
        })
        .collect();
    assert_eq!(seen, [("INSERT", "1"), ("MODIFY", "2")]);
}

pub(crate) async fn latest_sees_later_writes_only_and_trim_horizon_sees_all(config: &SdkConfig) {
    let db = Client::new(config);
    let arn = create_table(&db, "outbox", StreamViewType::NewImage).await;
    put(&db, "outbox", "before", "1").await;
    let (none, next) = read(config, &arn, ShardIteratorType::Latest).await;
    assert!(none.is_empty());
    put(&db, "outbox", "after", "1").await;
    let streams = aws_sdk_dynamodbstreams::Client::new(config);
    let later = streams.get_records().shard_iterator(next.unwrap()).send().await.unwrap();
    let ids = |records: &[Record]| -> Vec<String> {
        records.iter().map(|r| r.dynamodb().unwrap().keys().unwrap()["id"].as_s().unwrap().clone()).collect()
    };
    assert_eq!(ids(later.records()), ["after"]);
    let (all, _) = read(config, &arn, ShardIteratorType::TrimHorizon).await;
    assert_eq!(ids(&all), ["before", "after"]);
}

pub(crate) async fn arns_name_a_region_of_aws(config: &SdkConfig) {
    let db = Client::new(config);
    let arn = create_table(&db, "outbox", StreamViewType::NewImage).await;
    assert!(arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/outbox/stream/"), "{arn}");
    put(&db, "outbox", "a", "1").await;
    let (records, _) = read(config, &arn, ShardIteratorType::TrimHorizon).await;
    assert_eq!(records[0].aws_region(), Some("us-east-1"));
}

pub(crate) async fn a_refused_request_says_what_is_wrong(config: &SdkConfig) {
    let db = Client::new(config);
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    let without_key = db.put_item().table_name("outbox").item("other", text("x")).send().await.unwrap_err();
    assert_eq!(without_key.code(), Some("ValidationException"));
    let unknown = db.put_item().table_name("nowhere").item("id", text("x")).send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
}
