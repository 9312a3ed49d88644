//! Whoever watches sees each call with its answer, by whichever way it came, and each delivery.

use std::sync::Arc;

use local_aws::{DELIVER, Exchange, InMemoryAws, LocalAws};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;

/// Publishes to a topic that a queue hears; returns what was seen of it, by operation.
async fn publish(config: &aws_types::SdkConfig, mut seen: Receiver<Arc<Exchange>>) -> Vec<Arc<Exchange>> {
    let (sns, sqs) = (aws_sdk_sns::Client::new(config), aws_sdk_sqs::Client::new(config));
    let topic = sns.create_topic().name("told").send().await.unwrap().topic_arn.unwrap();
    let queue = sqs.create_queue().queue_name("hears").send().await.unwrap().queue_url.unwrap();
    let arn = topic.replace("sns", "sqs").replace("told", "hears");
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await.unwrap();
    sns.publish().topic_arn(&topic).message("hello").send().await.unwrap();
    sqs.receive_message().queue_url(queue).send().await.unwrap();
    std::iter::from_fn(|| seen.try_recv().ok()).collect()
}

fn check(seen: &[Arc<Exchange>]) {
    let operations: Vec<_> = seen.iter().map(|exchange| exchange.operation.as_str()).collect();
    let all = ["CreateTopic", "CreateQueue", "Subscribe", DELIVER, "Publish", "ReceiveMessage"];
    assert_eq!(operations, all);
    assert!(seen.iter().all(|exchange| exchange.status == 200 && exchange.at_ms > 1_700_000_000_000));
    let delivered: Value = serde_json::from_slice(&seen[3].request).unwrap();
    assert!(delivered["QueueUrl"].as_str().unwrap().ends_with("/hears"));
    let received: Value = serde_json::from_slice(&seen[5].answer).unwrap();
    assert_eq!(received["Messages"][0]["Body"], delivered["MessageBody"]);
}

#[tokio::test]
async fn calls_over_tcp_are_seen() {
    let aws = LocalAws::start().await.unwrap();
    check(&publish(&aws.sdk_config(), aws.watch()).await);
}

#[tokio::test(start_paused = true)]
async fn calls_in_memory_are_seen() {
    let aws = InMemoryAws::new().unwrap();
    check(&publish(&aws.sdk_config(), aws.watch()).await);
}

#[tokio::test]
async fn what_is_refused_is_seen_with_its_status() {
    let aws = LocalAws::start().await.unwrap();
    let mut seen = aws.watch();
    let queue = aws_sdk_sqs::Client::new(&aws.sdk_config()).get_queue_url().queue_name("none");
    queue.send().await.unwrap_err();
    let exchange = seen.try_recv().unwrap();
    assert_eq!((exchange.operation.as_str(), exchange.status), ("GetQueueUrl", 400));
}
