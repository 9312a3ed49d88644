//! One SQS queue and its dead-letter queue.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName},
};

use crate::relay::BoxError;

/// SQS keeps a received message hidden for at most this long in all ("Amazon SQS API Reference, ChangeMessageVisibility").
pub(super) const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

#[derive(Clone, Debug)]
pub(super) struct Queue {
    sqs: Client,
    url: String,
    dead_letter_url: Option<String>,
    /// How long a received message stays hidden from other receivers.
    pub(super) visibility: Duration,
}

impl Queue {
    /// Finds the queue by name and learns its visibility timeout and its dead-letter queue.
    pub(super) async fn open(sqs: Client, name: &str) -> Result<Self, BoxError> {
        let url = url_of(&sqs, name).await?;
        let wanted = [QueueAttributeName::VisibilityTimeout, QueueAttributeName::RedrivePolicy];
        let answer = sqs
            .get_queue_attributes()
            .queue_url(&url)
            .set_attribute_names(Some(wanted.into()))
            .send()
            .await?;
        let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
        let seconds =
            attribute(QueueAttributeName::VisibilityTimeout).and_then(|text| text.parse().ok()).unwrap_or(30);
        if seconds == 0 {
            return Err(
                "the queue's visibility timeout is 0, so others would get what is in work; set it to 30 s"
                    .into(),
            );
        }
        let dead_letter_url =
            match attribute(QueueAttributeName::RedrivePolicy).and_then(|policy| name_of_target(policy)) {
                Some(name) => Some(url_of(&sqs, &name).await?),
                None => None,
            };
        Ok(Self { url, dead_letter_url, visibility: Duration::from_secs(seconds), sqs })
    }

    pub(super) async fn receive(&self, at_most: usize, wait: Duration) -> Result<Vec<Message>, BoxError> {
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(at_most.clamp(1, 10))?)
            .wait_time_seconds(i32::try_from(wait.as_secs().min(20))?)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await?;
        Ok(answer.messages.unwrap_or_default())
    }

    pub(super) async fn delete(&self, message: &Message) -> Result<(), BoxError> {
        let handle = message.receipt_handle().unwrap_or_default();
        self.sqs.delete_message().queue_url(&self.url).receipt_handle(handle).send().await?;
        Ok(())
    }

    /// Hides the message from other receivers for this long from now on; zero gives it back at once.
    pub(super) async fn hide(&self, message: &Message, time: Duration) -> Result<(), BoxError> {
        let seconds = i32::try_from(time.min(LONGEST_VISIBILITY).as_secs())?;
        let handle = message.receipt_handle().unwrap_or_default();
        let request = self.sqs.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        request.visibility_timeout(seconds).send().await?;
        Ok(())
    }

    /// Moves the message to the dead-letter queue with the reason. It is sent first and deleted then: a crash in between leaves it in
    /// both queues, never in none.
    pub(super) async fn dead_letter(&self, message: &Message, reason: &str) -> Result<(), BoxError> {
        let Some(dead_letter_url) = &self.dead_letter_url else {
            return Err(
                "the queue has no redrive policy, so there is no dead-letter queue to move the message to"
                    .into(),
            );
        };
        let reason =
            MessageAttributeValue::builder().data_type("String").string_value(printable(reason)).build()?;
        let request = self
            .sqs
            .send_message()
            .queue_url(dead_letter_url)
            .message_body(message.body().unwrap_or_default());
        request.message_attributes("reason", reason).send().await?;
        self.delete(message).await
    }
}

async fn url_of(sqs: &Client, name: &str) -> Result<String, BoxError> {
    let answer = sqs.get_queue_url().queue_name(name).send().await?;
    answer.queue_url.ok_or_else(|| format!("sqs gave no address for the queue {name}").into())
}

fn name_of_target(redrive_policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(redrive_policy).ok()?;
    let arn = policy.get("deadLetterTargetArn")?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}

/// A message attribute takes neither control characters nor empty text, and it counts towards the message's size.
fn printable(reason: &str) -> String {
    let text: String =
        reason.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(500).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// How often this message was received, this time included.
pub(super) fn receive_count(message: &Message) -> u32 {
    let counts =
        message.attributes().and_then(|a| a.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    counts.and_then(|text| text.parse().ok()).unwrap_or(1)
}
