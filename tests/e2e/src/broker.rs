//! Topics and queues as the scenarios need them: a probe that hears everything, dead letters, and messages in
//! place of a service.
#![allow(clippy::disallowed_methods)]

use std::collections::HashMap;

use anyhow::Context as _;
use aws_sdk_sns::{Client as Sns, types::MessageAttributeValue};
use aws_sdk_sqs::{Client as Sqs, types::QueueAttributeName};
use aws_types::SdkConfig;
use serde_json::json;

use crate::{
    collector::Collector,
    contract::{EVENTS, QUEUES},
    event::Event,
};

/// The correlation ids that customers and orders hear: those of UUIDs that begin with a time, as the services
/// make them.
const BOTH: &str = "01";
/// The beginning of correlation ids to which the orders service is deaf.
pub const CUSTOMERS_ONLY: u8 = 0xc0;
/// The beginning of correlation ids to which the customers service is deaf.
pub const ORDERS_ONLY: u8 = 0x0d;
/// The beginning of correlation ids that all services hear, notifications among them. It hears no others, so
/// that what goes wrong with a message is told once.
pub const ALL: u8 = 0xa1;

/// Topics and queues of the running system.
#[derive(Debug)]
pub struct Broker {
    sns: Sns,
    sqs: Sqs,
    topics: HashMap<String, String>,
}

/// A message in a dead-letter queue.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The queue from which it was removed.
    pub queue: String,
    /// The message, as it came.
    pub body: String,
    /// Why it is here.
    pub reason: Option<String>,
}

impl Broker {
    /// The broker of a running system. All topics must exist; the services make them.
    ///
    /// # Errors
    ///
    /// When one does not, or nobody answers.
    pub async fn connect(sdk: &SdkConfig) -> anyhow::Result<Self> {
        let (sns, sqs) = (Sns::new(sdk), Sqs::new(sdk));
        let mut topics = HashMap::new();
        let mut pages = sns.list_topics().into_paginator().send();
        while let Some(page) = pages.next().await {
            let arns = page?.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn);
            topics.extend(arns.map(|arn| (arn.rsplit(':').next().unwrap_or(&arn).to_owned(), arn)));
        }
        let missing = EVENTS.iter().find(|event| !topics.contains_key(event.topic));
        anyhow::ensure!(missing.is_none(), "the services made no topic for {missing:?}");
        Ok(Self { sns, sqs, topics })
    }

    /// A queue of our own that is subscribed to all topics.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub async fn probe(&self) -> anyhow::Result<Collector<Result<Event, String>>> {
        let made = self.sqs.create_queue().queue_name("e2e-probe").send().await?;
        let url = made.queue_url.context("the probe has no address")?;
        let arn = self.attribute(&url, QueueAttributeName::QueueArn).await?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        }]});
        let request = self.sqs.set_queue_attributes().queue_url(&url);
        request.attributes(QueueAttributeName::Policy, policy.to_string()).send().await?;
        for event in &EVENTS {
            let topic = &self.topics[event.topic];
            self.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(&arn).send().await?;
        }
        Ok(Collector::start(&self.sqs, vec![("e2e-probe".to_owned(), url)], |_, message| {
            let body = message.body().unwrap_or_default();
            Event::parse(body).map_err(|error| format!("{error:#} in {body}"))
        }))
    }

    /// The letters in all dead-letter queues.
    ///
    /// # Errors
    ///
    /// When a queue has none.
    pub async fn dead_letters(&self) -> anyhow::Result<Collector<Letter>> {
        let mut queues = Vec::new();
        for (queue, _) in QUEUES {
            queues.push((queue.to_owned(), self.url(&format!("{queue}--dlq")).await?));
        }
        Ok(Collector::start(&self.sqs, queues, |queue, message| {
            let reason = message.message_attributes().and_then(|attributes| attributes.get("reason"));
            let reason = reason.and_then(|value| value.string_value()).map(str::to_owned);
            Letter { queue: queue.to_owned(), body: message.body().unwrap_or_default().to_owned(), reason }
        }))
    }

    /// Makes each service deaf to the conversations in which it takes no part, by a filter policy on its
    /// subscriptions. So a scenario can hold back one service without stopping it under the feet of the
    /// others.
    ///
    /// # Errors
    ///
    /// When a subscription is missing.
    pub async fn divide(&self) -> anyhow::Result<()> {
        for (queue, topic) in QUEUES {
            let prefix = |first: u8| json!({"prefix": format!("{first:02x}")});
            let heard = match queue.split("--").next() {
                Some("customer") => json!([{"prefix": BOTH}, prefix(ALL), prefix(CUSTOMERS_ONLY)]),
                Some("order") => json!([{"prefix": BOTH}, prefix(ALL), prefix(ORDERS_ONLY)]),
                _ => json!([prefix(ALL)]),
            };
            let heard = json!({ "correlationid": heard });
            let listed = self.sns.list_subscriptions_by_topic().topic_arn(&self.topics[topic]).send().await?;
            let ours = |endpoint: &str| endpoint.rsplit(':').next() == Some(queue);
            let mut listed = listed.subscriptions.unwrap_or_default().into_iter();
            let found = listed.find(|subscription| subscription.endpoint().is_some_and(ours));
            let arn = found.and_then(|subscription| subscription.subscription_arn);
            let request = self.sns.set_subscription_attributes().attribute_name("FilterPolicy");
            let arn = arn.with_context(|| format!("{queue} is not subscribed to {topic}"))?;
            request.subscription_arn(arn).attribute_value(heard.to_string()).send().await?;
        }
        Ok(())
    }

    /// Publishes a message with the attributes that a relay gives it.
    ///
    /// # Errors
    ///
    /// When the topic does not take it.
    pub async fn publish(&self, topic: &str, kind: &str, id: &str, message: &str) -> anyhow::Result<()> {
        let text =
            |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let request = self.sns.publish().topic_arn(&self.topics[topic]).message(message);
        let request = request.message_attributes("type", text(kind)?);
        request.message_attributes("correlationid", text(id)?).send().await?;
        Ok(())
    }

    /// Sends a text straight to a queue.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub async fn send(&self, queue: &str, text: &str) -> anyhow::Result<()> {
        self.sqs.send_message().queue_url(self.url(queue).await?).message_body(text).send().await?;
        Ok(())
    }

    /// How many messages are in a queue: waiting, in work, and delayed.
    ///
    /// # Errors
    ///
    /// When there is no such queue.
    pub async fn depth(&self, queue: &str) -> anyhow::Result<usize> {
        let url = self.url(queue).await?;
        let mut depth = 0;
        for name in [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ] {
            depth += self.attribute(&url, name).await?.parse::<usize>()?;
        }
        Ok(depth)
    }

    async fn url(&self, queue: &str) -> anyhow::Result<String> {
        let answer = self.sqs.get_queue_url().queue_name(queue).send().await;
        let answer = answer.with_context(|| format!("there is no queue {queue}"))?;
        answer.queue_url.context("the queue has no address")
    }

    async fn attribute(&self, url: &str, name: QueueAttributeName) -> anyhow::Result<String> {
        let request = self.sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
        let value = request.send().await?.attributes.unwrap_or_default().remove(&name);
        value.with_context(|| format!("{url} has no {name}"))
    }
}
