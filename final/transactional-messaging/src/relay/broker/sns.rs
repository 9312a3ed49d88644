//! SNS as a broker: `PublishBatch`, and what its answers mean for each message.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_sns::{
    Client,
    error::{BuildError, ProvideErrorMetadata as _, SdkError},
    operation::RequestId as _,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use futures::future::BoxFuture;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};
use waiting::in_time;

use super::{
    Broker, Limits, Verdict,
    group::{group_of, tenant_of},
    topics::{TopicDirectory, TopicLookup},
};
use crate::{channels::Channels, outbox::OutboxRow, spans};

/// Publishes to the topics of one directory.
#[derive(Clone, Debug)]
pub struct SnsPublisher {
    sns: Client,
    topics: TopicLookup,
    channels: Channels,
    /// The field of an event's data that names whose message it is.
    tenant_field: Option<String>,
    /// Topics that did not exist when last asked for, so that this is told once and not with every message.
    missing: Arc<Mutex<BTreeSet<String>>>,
}

impl Broker for SnsPublisher {
    /// 256 KiB ("Amazon SNS API Reference, PublishBatch"), with room for the attributes. A call may be taken
    /// in part.
    fn limits(&self) -> Limits {
        Limits { entries: 10, bytes: 240 * 1024, keeps_order: false }
    }

    fn publish<'a>(&'a self, topic: &'a str, rows: &'a [&'a OutboxRow]) -> BoxFuture<'a, Vec<Verdict>> {
        Box::pin(async move {
            let verdicts = match self.topics.arn_of(&self.channels.name(topic)).await {
                Ok(arn) => self.send(topic, &arn, rows).await,
                Err(verdict) => vec![verdict; rows.len()],
            };
            self.note_missing(topic, &verdicts);
            verdicts
        })
    }
}

impl SnsPublisher {
    /// A publisher for the topics of this directory.
    pub fn new(sns: Client, directory: TopicDirectory) -> Self {
        let topics = TopicLookup::new(sns.clone(), directory);
        Self { topics, sns, channels: Channels::Standard, tenant_field: None, missing: Arc::default() }
    }

    /// The same for topics of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// The same, with the field of an event's data that names whose message it is, such as `customer_id`.
    ///
    /// To a standard topic each message then goes with the field's value as its message group, which SNS
    /// hands on to standard queues and to nothing else ("Amazon SNS API Reference,
    /// PublishBatchRequestEntry"). They become fair: while one tenant has many messages in them, those of
    /// the others do not wait behind them ("Amazon SQS Developer Guide, Amazon SQS fair queues"). Nothing
    /// waits for the turn of a group, and consumers notice nothing.
    ///
    /// In a FIFO topic the group is the subject, whatever is set here.
    #[must_use]
    pub fn fair_by(mut self, tenant_field: Option<String>) -> Self {
        self.tenant_field = tenant_field;
        self
    }

    async fn send(&self, topic: &str, arn: &str, rows: &[&OutboxRow]) -> Vec<Verdict> {
        match self.traced(topic, arn, rows).await {
            Ok(verdicts) => verdicts,
            // One bad message can make SNS refuse the call as a whole: find out which by sending them singly.
            Err(Verdict::Poison(_)) if rows.len() > 1 => {
                let mut verdicts = Vec::with_capacity(rows.len());
                for row in rows {
                    let one = self.traced(topic, arn, &[row]).await;
                    verdicts.extend(one.unwrap_or_else(|verdict| vec![verdict]));
                }
                verdicts
            }
            Err(verdict) => vec![verdict; rows.len()],
        }
    }

    /// The call in its span, measured.
    async fn traced(&self, topic: &str, arn: &str, rows: &[&OutboxRow]) -> Result<Vec<Verdict>, Verdict> {
        let (span, begun) = (spans::publish(topic, rows.iter().map(|row| &*row.message)), Instant::now());
        span.record("aws.sns.topic.arn", arn);
        let called = self.call(arn, rows).instrument(span.clone()).await;
        let unsent = match &called {
            Ok(verdicts) => verdicts.iter().find(|verdict| **verdict != Verdict::Sent),
            Err(verdict) => Some(verdict),
        };
        if let Some(verdict) = unsent {
            spans::failed(&span, verdict.code());
        }
        metrics::histogram!(
            "messaging.client.operation.duration",
            "messaging.operation.name" => "publish",
            "messaging.destination.name" => topic.to_owned(),
        )
        .record(begun.elapsed());
        called
    }

    /// One `PublishBatch`. It answers 200 even when it took only some of the entries, so each entry is looked
    /// up in the answer.
    async fn call(&self, arn: &str, rows: &[&OutboxRow]) -> Result<Vec<Verdict>, Verdict> {
        let entries = rows.iter().enumerate().map(|(index, row)| self.entry(index, row));
        let entries =
            entries.collect::<Result<_, _>>().map_err(|error| Verdict::Poison(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "this is the relay")]
        let request =
            self.sns.publish_batch().topic_arn(arn).set_publish_batch_request_entries(Some(entries));
        let answer = in_time(request.send()).await.map_err(|_| Verdict::Silent)?;
        let answer = answer.map_err(|error| match error.code() {
            Some(code) => self.judge(arn, code, error.message()),
            None if matches!(error, SdkError::TimeoutError(_)) => Verdict::Silent,
            None => Verdict::Again("no answer".to_owned()),
        })?;
        Span::current().record("aws.request_id", answer.request_id());
        let mut by_id: HashMap<&str, Verdict> = HashMap::new();
        by_id.extend(answer.successful().iter().filter_map(|entry| Some((entry.id()?, Verdict::Sent))));
        let failed = answer.failed().iter();
        by_id.extend(failed.map(|entry| (entry.id(), self.judge(arn, entry.code(), entry.message()))));
        let missing = || Verdict::Again("missing from the answer".to_owned());
        let verdict = |index: usize| by_id.remove(index.to_string().as_str()).unwrap_or_else(missing);
        Ok((0..rows.len()).map(verdict).collect())
    }

    fn entry(&self, index: usize, row: &OutboxRow) -> Result<PublishBatchRequestEntry, BuildError> {
        let text =
            |value: String| MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let is_fifo = self.channels == Channels::Fifo;
        let group = match &self.tenant_field {
            _ if is_fifo => Some(group_of(&row.partition)),
            Some(field) => tenant_of(&row.message, field),
            None => None,
        };
        PublishBatchRequestEntry::builder()
            .set_message_group_id(group)
            .set_message_deduplication_id(is_fifo.then(|| row.message_id.to_string()))
            .id(index.to_string())
            .message(&row.message)
            // For filter policies of subscriptions, and for a look at a message without parsing it.
            .message_attributes("type", text(row.kind.clone())?)
            .message_attributes("correlationid", text(row.correlation_id.to_string())?)
            .build()
    }

    fn judge(&self, arn: &str, code: &str, message: Option<&str>) -> Verdict {
        let verdict = judge(code, message);
        if verdict == Verdict::NoTopic {
            self.topics.forget(arn);
        }
        verdict
    }

    /// An error line rings an alarm: once when a topic is found missing, not with each message that waits for
    /// it.
    fn note_missing(&self, topic: &str, verdicts: &[Verdict]) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.contains(&Verdict::NoTopic) {
            if missing.insert(topic.to_owned()) {
                tracing::error!(topic, "topic_not_found");
            }
        } else if verdicts.contains(&Verdict::Sent) && missing.remove(topic) {
            tracing::info!(topic, "topic_found_again");
        }
    }
}

// ANCHOR: judge
/// The only judge of a code, wherever it stands: in the refusal of a whole call or in one entry of an answer.
/// `SenderFault` is not asked: SNS sets it for a throttled key of KMS, too.
///
/// Only codes that blame the message itself set it aside. Everything else passes (a throttle), is mended by
/// somebody (a permission, a key, a topic), or is unknown, and is tried again. ("Amazon SNS API Reference,
/// `PublishBatch`", and its common errors.)
fn judge(code: &str, message: Option<&str>) -> Verdict {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "NotFound" => Verdict::NoTopic,
        // A topic's name that SNS cannot read is a fault of the settings, not of the message.
        _ if message.is_some_and(|message| message.contains("TopicArn")) => Verdict::Again(code.to_owned()),
        "InvalidParameter"
        | "InvalidParameterValue"
        | "ParameterValueInvalid"
        | "Validation"
        | "ValidationError"
        | "BatchRequestTooLong" => Verdict::Poison(code.to_owned()),
        _ => Verdict::Again(code.to_owned()),
    }
}
// ANCHOR_END: judge

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_blame_the_message_set_it_aside() {
        for code in [
            "InvalidParameter",
            "InvalidParameterValue",
            "ParameterValueInvalid",
            "ValidationException",
            "ValidationError",
            "BatchRequestTooLong",
            "BatchRequestTooLongException",
        ] {
            assert_eq!(judge(code, None), Verdict::Poison(code.to_owned()));
        }
        for code in ["KMSThrottling", "KMSNotFound", "Throttled", "AuthorizationError", "NobodyKnowsThis", ""]
        {
            assert_eq!(judge(code, None), Verdict::Again(code.to_owned()));
        }
        assert_eq!(judge("NotFound", None), Verdict::NoTopic);
    }

    #[test]
    fn a_topic_s_name_that_cannot_be_read_is_no_fault_of_the_message() {
        let message = Some("Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements");
        assert_eq!(judge("InvalidParameter", message), Verdict::Again("InvalidParameter".to_owned()));
    }
}
