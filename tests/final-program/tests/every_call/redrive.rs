//! Redrive: an operator moves a dead letter back to its queue, where the real consumer takes it; either may
//! be stopped at any call.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use customers::messages::{ORDER_CREATED, OrderCreated};
use final_program::customers_service;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use transactional_messaging::consumer::{Consumer, ConsumerSettings, Delivery};
use uuid::Uuid;

use crate::{
    consumers::judge,
    trial::{Job, Part},
    world::{Process, World, message},
};

const QUEUE: &str = "customer--order-created";
const DEAD_LETTERS: &str = "customer--order-created--dlq";

pub(crate) const REDRIVE: Part =
    Part { name: "redrive", calls: 14, prepare: |world, seed| Box::pin(redrive(world, seed)) };

async fn redrive(world: &World, seed: u64) -> Job {
    let total = 1 + seed % 1_000;
    let data = json!({"order_id": Uuid::from_u64_pair(2, seed), "customer_id": world.customer, "order_total": total});
    let sqs = Client::new(&world.aws.sdk_config());
    let request = sqs.send_message().queue_url(world.queue(DEAD_LETTERS).await);
    request.message_body(message("OrderCreated", seed, &data)).send().await.unwrap();
    let (queue, dead_letters) = (world.queue(QUEUE).await, world.queue(DEAD_LETTERS).await);
    let left = (sqs.clone(), [queue.clone(), dead_letters.clone()]);
    let work = move |process: Process| {
        let (sqs, urls) = left.clone();
        async move {
            let consumer = Consumer::open(Client::new(process.aws()), QUEUE, ConsumerSettings::default());
            let consumer = consumer.await.map_err(|error| error.to_string())?;
            let (service, stop) = (customers_service(&process), CancellationToken::new());
            let handler = move |delivery: Delivery<OrderCreated>| {
                let service = service.clone();
                async move { service.reserve_credit(delivery).await }
            };
            let consuming = consumer.run(ORDER_CREATED, handler, stop.clone());
            let operator = Client::new(process.aws());
            let moving = async {
                let moving = move_until_empty(&operator, &sqs, &urls);
                // An hour is longer than all pauses between receives together.
                let moved = tokio::time::timeout(Duration::from_secs(3_600), moving).await;
                stop.cancel();
                moved.unwrap_or_else(|_| Err("the queues are not empty".to_owned()))
            };
            tokio::join!(moving, consuming).0
        }
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            world.expect(|reserved| reserved + total);
            judge(world, seed, "RESERVED").await
        })
    })
}

/// Moves dead letters as they become visible until nothing is left of them, nor in the queue.
async fn move_until_empty(operator: &Client, sqs: &Client, urls: &[String; 2]) -> Result<(), String> {
    loop {
        move_visible(operator, urls).await.map_err(|error| format!("the redrive failed: {error}"))?;
        if count(sqs, urls).await == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Sends first and deletes then: stopped in between, the message is in both queues, never in none.
async fn move_visible(sqs: &Client, [queue, dead_letters]: &[String; 2]) -> Result<(), aws_sdk_sqs::Error> {
    let answer = sqs.receive_message().queue_url(dead_letters).max_number_of_messages(10).send().await?;
    for message in answer.messages.unwrap_or_default() {
        let body = message.body().unwrap_or_default();
        sqs.send_message().queue_url(queue).message_body(body).send().await?;
        let handle = message.receipt_handle().unwrap_or_default();
        sqs.delete_message().queue_url(dead_letters).receipt_handle(handle).send().await?;
    }
    Ok(())
}

/// How many messages are in the queues, visible or not.
async fn count(sqs: &Client, urls: &[String; 2]) -> u32 {
    let wanted = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let mut count = 0;
    for url in urls {
        let request =
            sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(wanted.clone().into()));
        let attributes = request.send().await.unwrap().attributes.unwrap_or_default();
        count += attributes.values().filter_map(|text| text.parse::<u32>().ok()).sum::<u32>();
    }
    count
}
