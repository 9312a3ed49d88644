//! A whole service (`parcels.rs`), and a day of it on an AWS inside the process: a parcel is handed in, paid
//! for twice, and released once.
//!
//! `cargo run -p transactional-messaging --example parcels`

#[allow(unreachable_pub, reason = "it stands for a crate of its own")]
mod parcels;
#[cfg(test)]
mod tests;

use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    error::BoxError,
    message::Context,
    prelude::{Ambient, DynamoDb},
    relay::{Relay, SnsPublisher, TopicDirectory},
};
use uuid::Uuid;

/// What others hear of it.
const EARS: &str = "ears";

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "it is a program for a terminal")]
async fn main() -> Result<(), BoxError> {
    for heard in day(&InMemoryAws::new()?.sdk_config()).await? {
        println!("{heard}");
    }
    Ok(())
}

/// The kinds of the messages that were heard of one parcel.
async fn day(aws: &SdkConfig) -> Result<Vec<String>, BoxError> {
    let stop = CancellationToken::new();
    let (service, consumers) = parcels::start(aws, stop.clone()).await?;
    let sqs = aws_sdk_sqs::Client::new(aws);
    let ears = sqs.create_queue().queue_name(EARS).send().await?.queue_url.unwrap_or_default();
    let sns = aws_sdk_sns::Client::new(aws);
    for topic in ["parcel--handed-in", "parcel--released"] {
        let topic = sns.create_topic().name(topic).send().await?.topic_arn.unwrap_or_default();
        let queue = format!("arn:aws:sqs:us-east-1:000000000000:{EARS}");
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await?;
    }
    let id = service.hand_in(&Context::of_request(Uuid::from_u128(1)), 1_200).await?;
    let payment = serde_json::json!({
        "specversion": "1.0", "id": Uuid::from_u128(2), "source": "/bank", "type": "PaymentReceived",
        "data": {"parcel_id": id},
    });
    let queue = sqs
        .get_queue_url()
        .queue_name("parcels--payment-received")
        .send()
        .await?
        .queue_url
        .unwrap_or_default();
    for _ in 0..2 {
        sqs.send_message().queue_url(&queue).message_body(payment.to_string()).send().await?;
    }
    let mut heard = Vec::new();
    while heard.len() < 2 {
        publish(aws, sns.clone()).await?;
        let answer = sqs.receive_message().queue_url(&ears).wait_time_seconds(1).send().await?;
        for message in answer.messages.unwrap_or_default() {
            let body: serde_json::Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let envelope: serde_json::Value =
                serde_json::from_str(body["Message"].as_str().unwrap_or_default())?;
            heard.push(format!("{} {}", envelope["type"], envelope["data"]));
        }
    }
    stop.cancel();
    consumers.stopped().await;
    Ok(heard)
}

/// In production this is a program of its own, `outbox-relay`, which hears at once of what was stored.
async fn publish(aws: &SdkConfig, sns: aws_sdk_sns::Client) -> Result<(), BoxError> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let publisher = SnsPublisher::new(sns, TopicDirectory::NamePrefix(String::new()));
    let relay = Relay::new(database, "parcels-outbox", publisher, Ambient::system());
    relay.sweep(time::Duration::ZERO).await?;
    Ok(())
}
