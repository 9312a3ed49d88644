//! A day at the desk, on an AWS inside the process: a ticket is opened, answered twice, and resolved once.

use std::time::Duration;

use anyhow::{Context as _, Result};
use local_aws::InMemoryAws;
use own_service::{ANSWERS, NAME, Tickets, consume, deploy, relay};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transactional_messaging::prelude::{Ambient, Context, Uuid};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (aws, stop) = (InMemoryAws::new()?.sdk_config(), CancellationToken::new());
    deploy(&aws).await?;
    let ears = listen(&aws).await?;
    let processes = [
        tokio::spawn(consume(aws.clone(), Ambient::system(), stop.clone())),
        tokio::spawn({
            let (aws, stop) = (aws.clone(), stop.clone());
            async move {
                relay(aws, Ambient::system(), Duration::from_millis(100), stop).await;
                Ok(())
            }
        }),
    ];
    let tickets = Tickets::new(&aws, Ambient::system());
    let context = Context::of_request(Uuid::from_u128(1));
    let ticket_id = tickets.open(&context, "where is my parcel?").await?;
    let answer = json!({
        "specversion": "1.0", "id": Uuid::from_u128(2), "source": "/answers", "type": "AnswerGiven",
        "data": { "ticket_id": ticket_id },
    });
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let queue = sqs.get_queue_url().queue_name(ANSWERS.name()).send().await?.queue_url.context("no queue")?;
    for _ in 0..2 {
        sqs.send_message().queue_url(&queue).message_body(answer.to_string()).send().await?;
    }
    println!("{NAME}: a ticket was opened and answered twice; this is what others heard:");
    let mut heard = 0;
    while heard < 2 {
        let answer = sqs.receive_message().queue_url(&ears).wait_time_seconds(20).send().await?;
        for message in answer.messages.unwrap_or_default() {
            let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let event: Value = serde_json::from_str(body["Message"].as_str().unwrap_or_default())?;
            println!("  {} {}", event["type"], event["data"]);
            heard += 1;
        }
    }
    stop.cancel();
    for process in processes {
        process.await??;
    }
    Ok(())
}

/// A queue that hears what the service publishes.
async fn listen(aws: &aws_types::SdkConfig) -> Result<String> {
    let (sns, sqs) = (aws_sdk_sns::Client::new(aws), aws_sdk_sqs::Client::new(aws));
    let ears = sqs.create_queue().queue_name("ears").send().await?.queue_url.context("no queue")?;
    for topic in ["ticket--opened", "ticket--resolved"] {
        let arn = sns.create_topic().name(topic).send().await?.topic_arn.context("no topic")?;
        let queue = "arn:aws:sqs:us-east-1:000000000000:ears";
        sns.subscribe().topic_arn(arn).protocol("sqs").endpoint(queue).send().await?;
    }
    Ok(ears)
}
