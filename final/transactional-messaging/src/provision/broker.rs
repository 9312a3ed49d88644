//! Topics, queues with dead-letter queues, and the subscriptions between them.

use aws_sdk_sns::Client as Sns;
use aws_sdk_sqs::{Client as Sqs, types::QueueAttributeName};
use serde_json::json;

use super::{
    ProvisionError, Subscription,
    error::{Unmade, making},
};
use crate::{
    channels::Channels,
    limits::{DEAD_LETTER_RETENTION, QUEUE_RETENTION, VISIBILITY},
};

/// After this many receives SQS moves a message to the dead-letter queue by itself. A receive that dies with
/// its process counts too, so fewer would bury good messages ("AWS Lambda Developer Guide, Using Lambda with
/// Amazon SQS" advises at least 5). A consumer gives up one receive earlier, so that it can store the reason.
const MAX_RECEIVES: u32 = 6;

/// The limits of FIFO topics and queues, and the memory by which they drop a repetition, are those of a
/// subject and not of all subjects together ("Amazon SNS Developer Guide, High throughput for FIFO topics";
/// "Amazon SQS Developer Guide, High throughput for FIFO queues"). Set after they were made, and so on old
/// ones, too.
const FULL_SPEED_OF_TOPICS: (&str, &str) = ("FifoThroughputScope", "MessageGroup");
const FULL_SPEED_OF_QUEUES: [(QueueAttributeName, &str); 2] = [
    (QueueAttributeName::DeduplicationScope, "messageGroup"),
    (QueueAttributeName::FifoThroughputLimit, "perMessageGroupId"),
];

/// Makes a topic and returns its ARN.
///
/// # Errors
///
/// [`ProvisionError`] when SNS refuses or cannot be reached.
pub(super) async fn ensure_topic(sns: &Sns, name: &str) -> Result<String, ProvisionError> {
    let made = async {
        let mut request = sns.create_topic().name(name);
        if Channels::of_name(name) == Channels::Fifo {
            request = request.attributes("FifoTopic", "true");
        }
        let answer = request.send().await?;
        let arn = answer.topic_arn.ok_or_else(|| Unmade::from("sns gave no arn"))?;
        if Channels::of_name(name) == Channels::Fifo {
            let (limit, group) = FULL_SPEED_OF_TOPICS;
            let set = sns.set_topic_attributes().topic_arn(&arn).attribute_name(limit);
            set.attribute_value(group).send().await?;
        }
        Ok(arn)
    };
    made.await.map_err(making(format!("topic {name}")))
}

/// Makes the topic, the queue and its dead-letter queue, allows the topic and nobody else to send to the
/// queue, and subscribes it.
///
/// # Errors
///
/// [`ProvisionError`] when SNS or SQS refuses or cannot be reached.
pub(super) async fn ensure_subscription(
    sns: &Sns,
    sqs: &Sqs,
    wanted: &Subscription,
) -> Result<(), ProvisionError> {
    let topic_arn = ensure_topic(sns, &wanted.topic).await?;
    let made = async {
        let dead_letter_queue = Channels::dead_letter_queue_of(&wanted.queue);
        let (_, dead_letter_arn) = ensure_queue(sqs, &dead_letter_queue, DEAD_LETTER_RETENTION).await?;
        let (url, arn) = ensure_queue(sqs, &wanted.queue, QUEUE_RETENTION).await?;
        let redrive = json!({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": MAX_RECEIVES});
        sqs.set_queue_attributes()
            .queue_url(&url)
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string())
            .attributes(QueueAttributeName::Policy, policy(&arn, &topic_arn).to_string())
            .send()
            .await?;
        sns.subscribe().topic_arn(&topic_arn).protocol("sqs").endpoint(&arn).send().await?;
        Ok(())
    };
    made.await.map_err(making(format!("queue {}", wanted.queue)))
}

async fn ensure_queue(sqs: &Sqs, name: &str, retention: time::Duration) -> Result<(String, String), Unmade> {
    let mut request = sqs.create_queue().queue_name(name);
    if Channels::of_name(name) == Channels::Fifo {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    let answer = request
        .attributes(QueueAttributeName::MessageRetentionPeriod, retention.whole_seconds().to_string())
        .attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY.whole_seconds().to_string())
        .send()
        .await?;
    let url = answer.queue_url.ok_or("sqs gave no address")?;
    if Channels::of_name(name) == Channels::Fifo {
        let set = sqs.set_queue_attributes().queue_url(&url);
        let full_speed = FULL_SPEED_OF_QUEUES.map(|(limit, group)| (limit, group.to_owned()));
        set.set_attributes(Some(full_speed.into())).send().await?;
    }
    let wanted = QueueAttributeName::QueueArn;
    let answer = sqs.get_queue_attributes().queue_url(&url).attribute_names(wanted.clone()).send().await?;
    let arn = answer.attributes.unwrap_or_default().remove(&wanted).ok_or("sqs gave no arn")?;
    Ok((url, arn))
}

fn policy(queue_arn: &str, topic_arn: &str) -> serde_json::Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
        }],
    })
}
