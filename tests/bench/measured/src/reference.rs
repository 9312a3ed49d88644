//! The least that a relay can do, beside which ours is measured: it publishes the images of the records, ten
//! in a call, and promises nothing. What SNS refuses is lost, and so is what a crash interrupts.

use anyhow::Result;
use aws_sdk_sns::types::PublishBatchRequestEntry;
use serde::Deserialize;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "NewImage")]
    image: Image,
}

/// Two attributes of the row are all it needs.
#[derive(Deserialize)]
struct Image {
    #[serde(rename = "Topic")]
    topic: Text,
    #[serde(rename = "Message")]
    message: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    s: String,
}

/// Publishes a batch of stream records, all to the topic of the first of ten, and says how many they were.
///
/// # Errors
///
/// When the batch cannot be read, or SNS not be reached.
pub async fn publish(sns: &aws_sdk_sns::Client, arn_prefix: &str, event: &str) -> Result<u64> {
    let Event { records } = serde_json::from_str(event)?;
    for ten in records.chunks(10) {
        let entries = ten.iter().enumerate().map(|(number, record)| {
            let entry = PublishBatchRequestEntry::builder().id(number.to_string());
            entry.message(&record.dynamodb.image.message.s).build()
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let topic = ten.first().map(|record| record.dynamodb.image.topic.s.as_str()).unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "it is what the relay is compared with")]
        let request = sns.publish_batch().topic_arn(format!("{arn_prefix}{topic}"));
        request.set_publish_batch_request_entries(Some(entries)).send().await?;
    }
    Ok(records.len() as u64)
}
