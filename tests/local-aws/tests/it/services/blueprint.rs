//! An AWS that begins as a deployment has left another: with its tables, queues, topics and subscriptions,
//! and nothing in common with it.

use aws_sdk_dynamodb::types::StreamViewType;
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;
use local_aws::{Blueprint, StartError};
use support::tables::{create_table, put};

use super::messaging::subscribed_queue;

/// A table with a stream and an item, and a queue that hears one kind of what is published.
async fn deploy(config: SdkConfig) -> Result<(), StartError> {
    let db = aws_sdk_dynamodb::Client::new(&config);
    create_table(&db, "orders", StreamViewType::NewImage).await;
    put(&db, "orders", "first", "1").await;
    subscribed_queue(&config, Some(r#"{"type":["OrderCreated"]}"#)).await;
    Ok(())
}

/// How many items the table has, and how many records its stream.
async fn stored(config: &SdkConfig) -> (usize, usize) {
    let scan = aws_sdk_dynamodb::Client::new(config).scan().table_name("orders").send().await.unwrap();
    let streams = aws_sdk_dynamodbstreams::Client::new(config);
    let listed = streams.list_streams().table_name("orders").send().await.unwrap();
    let arn = listed.streams()[0].stream_arn().unwrap();
    let described = streams.describe_stream().stream_arn(arn).send().await.unwrap();
    let shard = described.stream_description().unwrap().shards()[0].shard_id().unwrap().to_owned();
    let iterator = streams.get_shard_iterator().stream_arn(arn).shard_id(shard);
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let records = streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await.unwrap();
    (scan.items().len(), records.records().len())
}

/// How many messages the queue has got of two that were published, one of a kind that it does not hear.
async fn heard(config: &SdkConfig) -> usize {
    let (sns, sqs) = (aws_sdk_sns::Client::new(config), aws_sdk_sqs::Client::new(config));
    for kind in ["OrderCreated", "OrderCancelled"] {
        let kind = MessageAttributeValue::builder().data_type("String").string_value(kind).build().unwrap();
        let publish = sns.publish().topic_arn("arn:aws:sns:us-east-1:000000000000:events").message("hello");
        publish.message_attributes("type", kind).send().await.unwrap();
    }
    let queue = sqs.get_queue_url().queue_name("inbox").send().await.unwrap().queue_url;
    let received = sqs.receive_message().set_queue_url(queue).max_number_of_messages(10).send().await;
    received.unwrap().messages().len()
}

#[tokio::test(start_paused = true)]
async fn what_was_deployed_is_there_each_time_and_shared_with_nobody() {
    let blueprint = Blueprint::of(deploy).await.unwrap();
    for _ in 0..2 {
        let config = blueprint.build().await.unwrap().sdk_config();
        assert_eq!(stored(&config).await, (1, 1));
        put(&aws_sdk_dynamodb::Client::new(&config), "orders", "second", "2").await;
        assert_eq!(stored(&config).await, (2, 2), "the stream goes on");
        assert_eq!(heard(&config).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_is_no_blueprint() {
    let failed = Blueprint::of(async |_| Err(StartError::Kept("no table".to_owned()))).await;
    assert!(failed.is_err_and(|error| error.to_string().contains("no table")));
}
