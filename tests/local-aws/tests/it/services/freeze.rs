//! A queue that stands still for longer than rustack waits for a delivery: what `Publish` accepted arrives
//! all the same.

use std::collections::BTreeSet;

use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// More than the 256 that wait at a queue of rustack.
const MESSAGES: usize = 300;
/// rustack publishes 128 at once.
const AT_ONCE: usize = 100;

fn runtime() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    builder
}

async fn publish_all(config: &SdkConfig, topic: &str) {
    let sns = aws_sdk_sns::Client::new(config);
    let messages: Vec<usize> = (0..MESSAGES).collect();
    for messages in messages.chunks(AT_ONCE) {
        let calls = messages.iter().map(|n| sns.publish().topic_arn(topic).message(n.to_string()).send());
        for answer in calls.collect::<JoinSet<_>>().join_all().await {
            answer.expect("accepted");
        }
    }
}

async fn receive_all(config: &SdkConfig, queue: &str) -> BTreeSet<usize> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let mut seen = BTreeSet::new();
    loop {
        let call = sqs.receive_message().queue_url(queue).max_number_of_messages(10).wait_time_seconds(1);
        let page = call.send().await.unwrap().messages.unwrap_or_default();
        if page.is_empty() {
            return seen;
        }
        for message in page {
            let envelope: serde_json::Value = serde_json::from_str(message.body().unwrap()).unwrap();
            seen.insert(envelope["Message"].as_str().unwrap().parse().unwrap());
        }
    }
}

#[test]
fn what_a_topic_accepted_arrives_although_its_queue_stood_still() {
    // The queue belongs to a runtime which nobody drives while the publishers, on theirs, wait in vain.
    let of_queue = runtime().build().unwrap();
    let (config, topic, queue) = of_queue.block_on(async {
        let config = InMemoryAws::new().unwrap().sdk_config();
        let (topic, queue) = super::messaging::subscribed_queue(&config, None).await;
        (config, topic, queue)
    });
    let (published, is_published) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let publishers = std::thread::spawn({
        let config = config.clone();
        move || {
            runtime().start_paused(true).build().unwrap().block_on(async {
                publish_all(&config, &topic).await;
                published.send(()).unwrap();
                stopped.await.ok();
            });
        }
    });
    is_published.recv().expect("all are published");
    let seen = of_queue.block_on(receive_all(&config, &queue));
    stop.send(()).unwrap();
    publishers.join().unwrap();
    let lost: Vec<usize> = (0..MESSAGES).filter(|n| !seen.contains(n)).collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
}
