//! From the name of a topic to its ARN, without ever creating a topic: a typing error must not become a topic
//! that nobody reads.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_sns::{Client, error::ProvideErrorMetadata as _};
use tokio::time::{Duration, Instant};
use waiting::in_time;

use super::Verdict;

/// For so long an answer of `ListTopics` is believed when it does not name a topic, so that the many messages
/// that wait for a missing topic do not each list all topics. AWS allows 30 such calls a second for an
/// account.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// Where topics are looked up.
#[derive(Clone, Debug)]
pub enum TopicDirectory {
    /// All topics have ARNs with this beginning, such as `arn:aws:sns:eu-west-1:111122223333:live-`. Needs no
    /// call and no permission.
    ArnPrefix(String),
    /// Topics are looked up by `ListTopics`; their names have this beginning.
    NamePrefix(String),
}

/// A directory with what was found in it so far.
#[derive(Clone, Debug)]
pub(super) struct TopicLookup {
    sns: Client,
    directory: TopicDirectory,
    known: Arc<Mutex<HashMap<String, String>>>,
    /// When the topics were last listed to the end; held while they are being listed, so that one list serves
    /// all who wait for it.
    listed: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl TopicLookup {
    pub(super) fn new(sns: Client, directory: TopicDirectory) -> Self {
        Self { sns, directory, known: Arc::default(), listed: Arc::default() }
    }

    /// The ARN of a topic, or what a message gets instead.
    pub(super) async fn arn_of(&self, topic: &str) -> Result<String, Verdict> {
        let name = match &self.directory {
            TopicDirectory::ArnPrefix(prefix) => return Ok(format!("{prefix}{topic}")),
            TopicDirectory::NamePrefix(prefix) => format!("{prefix}{topic}"),
        };
        match self.remembered(&name) {
            Some(arn) => Ok(arn),
            None => in_time(self.look_up(&name))
                .await
                .unwrap_or_else(|late| Err(Verdict::Again(late.to_string()))),
        }
    }

    async fn look_up(&self, name: &str) -> Result<String, Verdict> {
        let mut listed = self.listed.lock().await;
        // Whoever held it may have found this one, too.
        if self.remembered(name).is_none() && listed.is_none_or(|time| time.elapsed() >= BELIEVED_FOR) {
            self.list().await?;
            *listed = Some(Instant::now());
        }
        self.remembered(name).ok_or(Verdict::NoTopic)
    }

    /// Forgets a topic that turned out not to exist any more.
    pub(super) fn forget(&self, arn: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, known| known != arn);
    }

    fn remembered(&self, name: &str) -> Option<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn list(&self) -> Result<(), Verdict> {
        let mut pages = self.sns.list_topics().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| Verdict::Again(error.code().unwrap_or("no answer").to_owned()))?;
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for arn in page.topics().iter().filter_map(|topic| topic.topic_arn()) {
                let name = arn.rsplit(':').next().unwrap_or(arn);
                known.insert(name.to_owned(), arn.to_owned());
            }
        }
        Ok(())
    }
}
