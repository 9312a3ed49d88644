//! Publishing to SNS in batches, with a verdict for each message.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_sns::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
};
use waiting::in_time;

use super::batch::entry;
use super::topics::{LookupError, TopicDirectory, TopicLookup};
use super::verdict::{Verdict, judge};
use crate::{channels::Channels, outbox::OutboxRow};

/// Publishes to the topics of one directory.
#[derive(Clone, Debug)]
pub struct SnsPublisher {
    sns: Client,
    topics: TopicLookup,
    channels: Channels,
    /// Topics that did not exist when last asked for, so that this is told once and not with every message.
    missing: Arc<Mutex<BTreeSet<String>>>,
}

impl SnsPublisher {
    /// A publisher for the topics of this directory.
    pub fn new(sns: Client, directory: TopicDirectory) -> Self {
        let topics = TopicLookup::new(sns.clone(), directory);
        Self { topics, sns, channels: Channels::Standard, missing: Arc::default() }
    }

    /// The same for topics of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Sends rows of one topic that fit into one call. The verdicts come in the order of the rows. Each call
    /// ends with the current deadline.
    pub(super) async fn send(&self, topic: &str, rows: &[&OutboxRow]) -> Vec<Verdict> {
        let verdicts = match self.topics.arn_of(&self.channels.name(topic)).await {
            Ok(arn) => self.send_together(&arn, rows).await,
            Err(LookupError::Unknown) => vec![Verdict::NoTopic; rows.len()],
            Err(LookupError::Failed(code)) => vec![Verdict::Again(code); rows.len()],
        };
        self.note_missing(topic, &verdicts);
        verdicts
    }

    async fn send_together(&self, arn: &str, rows: &[&OutboxRow]) -> Vec<Verdict> {
        match self.call(arn, rows).await {
            Ok(verdicts) => verdicts,
            // One bad message can make SNS refuse the call as a whole: find out which by sending them singly.
            Err(Verdict::Poison(_)) if rows.len() > 1 => {
                let mut verdicts = Vec::with_capacity(rows.len());
                for row in rows {
                    verdicts.extend(self.call(arn, &[row]).await.unwrap_or_else(|verdict| vec![verdict]));
                }
                verdicts
            }
            Err(verdict) => vec![verdict; rows.len()],
        }
    }

    /// One `PublishBatch`. It answers 200 even when it took only some of the entries, so each entry is looked up in the answer.
    async fn call(&self, arn: &str, rows: &[&OutboxRow]) -> Result<Vec<Verdict>, Verdict> {
        let entries = rows.iter().enumerate().map(|(index, row)| entry(index, row, self.channels));
        let entries: Result<Vec<_>, _> = entries.collect();
        let entries = entries.map_err(|error| Verdict::Poison(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "this is the relay")]
        let request =
            self.sns.publish_batch().topic_arn(arn).set_publish_batch_request_entries(Some(entries));
        let answer = in_time(request.send()).await.map_err(|_| Verdict::Silent)?;
        let answer = answer.map_err(|error| match error.code() {
            Some(code) => self.judge(arn, code, error.message()),
            None if matches!(error, SdkError::TimeoutError(_)) => Verdict::Silent,
            None => Verdict::Again("no answer".to_owned()),
        })?;
        let mut by_id: HashMap<&str, Verdict> = HashMap::new();
        by_id.extend(answer.successful().iter().filter_map(|entry| Some((entry.id()?, Verdict::Sent))));
        let failed = answer.failed().iter();
        by_id.extend(failed.map(|entry| (entry.id(), self.judge(arn, entry.code(), entry.message()))));
        let missing = || Verdict::Again("missing from the answer".to_owned());
        let verdict = |index: usize| by_id.remove(index.to_string().as_str()).unwrap_or_else(missing);
        Ok((0..rows.len()).map(verdict).collect())
    }

    fn judge(&self, arn: &str, code: &str, message: Option<&str>) -> Verdict {
        let verdict = judge(code, message);
        if verdict == Verdict::NoTopic {
            self.topics.forget(arn);
        }
        verdict
    }

    /// An error line rings an alarm: once when a topic is found missing, not with each message that waits for it.
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
