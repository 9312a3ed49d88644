//! Publishing to SNS in batches, with a verdict for each message.

use std::collections::HashMap;

use aws_sdk_sns::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use futures::{StreamExt as _, stream};

use super::batch::{by_topic, entry, pack};
use super::topics::{LookupError, TopicDirectory, TopicLookup};
use crate::{channels::Channels, outbox::OutboxRow};

/// How many calls are under way at once.
const CONCURRENT_CALLS: usize = 8;

/// Publishes to the topics of one directory.
#[derive(Clone, Debug)]
pub struct SnsPublisher {
    sns: Client,
    topics: TopicLookup,
    channels: Channels,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Sent,
    /// Sending it again may help.
    Again(String),
    /// Sending it again as it is cannot help.
    Poison(String),
}

impl SnsPublisher {
    /// A publisher for the topics of this directory.
    pub fn new(sns: Client, directory: TopicDirectory) -> Self {
        Self { topics: TopicLookup::new(sns.clone(), directory), sns, channels: Channels::Standard }
    }

    /// The same for topics of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Sends rows, each of another subject, so that their order among each other does not matter. The verdicts come in the order of
    /// the rows.
    pub(super) async fn send(&self, rows: &[&OutboxRow]) -> Vec<Verdict> {
        let mut verdicts: Vec<_> = rows.iter().map(|_| Verdict::Again("not sent".to_owned())).collect();
        let mut calls = Vec::new();
        for (topic, indexes) in by_topic(rows) {
            match self.topics.arn_of(&self.channels.name(topic)).await {
                Ok(arn) => calls.extend(pack(rows, indexes).into_iter().map(|chunk| (arn.clone(), chunk))),
                Err(why) => indexes.iter().for_each(|index| verdicts[*index] = without_topic(topic, &why)),
            }
        }
        let done = stream::iter(calls)
            .map(|(arn, chunk)| async move { self.send_chunk(&arn, rows, chunk).await })
            .buffer_unordered(CONCURRENT_CALLS)
            .collect::<Vec<_>>();
        for (index, verdict) in done.await.into_iter().flatten() {
            verdicts[index] = verdict;
        }
        verdicts
    }

    async fn send_chunk(&self, arn: &str, rows: &[&OutboxRow], chunk: Vec<usize>) -> Vec<(usize, Verdict)> {
        match self.call(arn, rows, &chunk).await {
            // One bad message can make SNS refuse the call as a whole: find out which by sending them singly.
            Err(Verdict::Poison(_)) if chunk.len() > 1 => {
                let mut verdicts = Vec::with_capacity(chunk.len());
                for index in chunk {
                    verdicts.extend(
                        self.call(arn, rows, &[index]).await.unwrap_or_else(|verdict| vec![(index, verdict)]),
                    );
                }
                verdicts
            }
            Ok(verdicts) => verdicts,
            Err(verdict) => chunk.into_iter().map(|index| (index, verdict.clone())).collect(),
        }
    }

    /// One `PublishBatch`. It answers 200 even when it took only some of the entries, so each entry is looked up in the answer.
    async fn call(
        &self,
        arn: &str,
        rows: &[&OutboxRow],
        chunk: &[usize],
    ) -> Result<Vec<(usize, Verdict)>, Verdict> {
        let entries: Result<Vec<_>, _> =
            chunk.iter().map(|index| entry(*index, rows[*index], self.channels)).collect();
        let entries = entries.map_err(|error| Verdict::Poison(error.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "this is the relay")]
        let request =
            self.sns.publish_batch().topic_arn(arn).set_publish_batch_request_entries(Some(entries));
        let answer = request.send().await.map_err(|error| {
            if error.code() == Some("NotFound") {
                self.topics.forget(arn);
            }
            refused(&error)
        })?;
        let mut by_id: HashMap<&str, Verdict> = HashMap::new();
        by_id.extend(answer.successful().iter().filter_map(|entry| Some((entry.id()?, Verdict::Sent))));
        by_id.extend(answer.failed().iter().map(|entry| {
            let code = entry.code().to_owned();
            (entry.id(), if entry.sender_fault() { Verdict::Poison(code) } else { Verdict::Again(code) })
        }));
        let missing = || Verdict::Again("missing from the answer".to_owned());
        Ok(chunk
            .iter()
            .map(|index| (*index, by_id.remove(index.to_string().as_str()).unwrap_or_else(missing)))
            .collect())
    }
}

fn without_topic(topic: &str, why: &LookupError) -> Verdict {
    match why {
        LookupError::Unknown => Verdict::Poison(format!("there is no topic {topic}; create it, then unpark")),
        LookupError::Failed(code) => Verdict::Again(code.clone()),
    }
}

// ANCHOR: refused
/// Codes that blame this very request; everything else, such as throttling or a missing permission, is worth another try or somebody's
/// attention, but never a reason to set a message aside.
fn refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Verdict {
    match error.code() {
        Some(
            code @ ("NotFound"
            | "InvalidParameter"
            | "InvalidParameterValue"
            | "BatchRequestTooLong"
            | "ValidationException"),
        ) => Verdict::Poison(code.to_owned()),
        Some(code) => Verdict::Again(code.to_owned()),
        None => Verdict::Again("no answer".to_owned()),
    }
}
// ANCHOR_END: refused
