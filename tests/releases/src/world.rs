//! What lies in an AWS, whoever has put it there, and whether it is at rest and right.
#![allow(clippy::disallowed_methods, reason = "nobody here is a service: what is kept is put back as it was")]

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use aws_types::SdkConfig;

use crate::item::{Item, number, text};

/// A queue of our own that hears everything.
pub const PROBE: &str = "releases-probe";

/// What the queues that dead letters go to are called at the end.
const DEAD: &str = "--dlq";

/// One AWS.
#[derive(Clone, Debug)]
pub struct World {
    /// To read and put items.
    pub dynamodb: aws_sdk_dynamodb::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

/// All items, by table.
pub type Tables = BTreeMap<String, Vec<Item>>;

impl World {
    /// The AWS of this configuration.
    pub fn of(sdk: &SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
        }
    }

    /// Subscribes a queue to every topic that is there.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn listen(&self) -> anyhow::Result<()> {
        let url = self.sqs.create_queue().queue_name(PROBE).send().await?.queue_url.context("no address")?;
        let request = self.sqs.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::QueueArn).send().await?;
        let arn = answer.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
        let arn = arn.context("the probe has no ARN")?;
        for topic in self.sns.list_topics().send().await?.topics() {
            let topic = topic.topic_arn().unwrap_or_default();
            self.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(&arn).send().await?;
        }
        Ok(())
    }

    /// All items of all tables, sorted by key.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn tables(&self) -> anyhow::Result<Tables> {
        let mut tables = Tables::new();
        for name in self.dynamodb.list_tables().send().await?.table_names() {
            let pages = self.dynamodb.scan().table_name(name).consistent_read(true).into_paginator();
            let mut items: Vec<Item> = pages.items().send().try_collect().await?;
            items.sort_by_key(|item| [text(item, "PK"), text(item, "SK")].map(str::to_owned));
            tables.insert(name.clone(), items);
        }
        Ok(tables)
    }

    /// The names of all queues but the probe, with how many messages each holds.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn queues(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        const COUNTS: [QueueAttributeName; 2] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let mut queues = BTreeMap::new();
        for url in self.sqs.list_queues().send().await?.queue_urls() {
            let request = self.sqs.get_queue_attributes().queue_url(url);
            let answer = request.set_attribute_names(Some(COUNTS.into())).send().await?;
            let counts = answer.attributes.unwrap_or_default();
            let count = COUNTS.iter().filter_map(|name| counts.get(name)?.parse::<usize>().ok()).sum();
            queues.insert(url.rsplit('/').next().unwrap_or_default().to_owned(), count);
        }
        queues.remove(PROBE);
        Ok(queues)
    }

    /// Takes everything out of a queue: the bodies.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn take(&self, queue: &str) -> anyhow::Result<Vec<String>> {
        let url = self.url(queue).await?;
        let mut bodies = Vec::new();
        loop {
            let request = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10);
            let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
            let messages = request.send().await?.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(bodies);
            }
            for message in messages {
                let handle = message.receipt_handle.unwrap_or_default();
                self.sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await?;
                bodies.extend(message.body);
            }
        }
    }

    /// Puts this into a queue.
    ///
    /// # Errors
    ///
    /// When AWS does not take it.
    pub async fn put(&self, queue: &str, body: &str) -> anyhow::Result<()> {
        let url = self.url(queue).await?;
        self.sqs.send_message().queue_url(url).message_body(body).send().await?;
        Ok(())
    }

    async fn url(&self, queue: &str) -> anyhow::Result<String> {
        let answer = self.sqs.get_queue_url().queue_name(queue).send().await?;
        answer.queue_url.with_context(|| format!("{queue} has no address"))
    }

    /// What keeps it from being at rest, or is not right; nothing in the end.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn unfinished(&self) -> anyhow::Result<Vec<String>> {
        let queues = self.queues().await?;
        let full = queues.iter().filter(|(_, count)| **count > 0);
        let mut what: Vec<_> = full.map(|(queue, count)| format!("{count} in {queue}")).collect();
        what.extend(judge(&self.tables().await?));
        Ok(what)
    }
}

/// Whether a queue holds dead letters.
pub fn is_dead(queue: &str) -> bool {
    queue.ends_with(DEAD)
}

/// The rows of an outbox that wait.
pub fn waiting(tables: &Tables) -> impl Iterator<Item = (&str, &Item)> {
    let outboxes = tables.iter().filter(|(name, _)| name.ends_with("-outbox"));
    let rows = outboxes.flat_map(|(name, items)| items.iter().map(|item| (name.as_str(), item)));
    // What a tailer remembers lies there, too.
    rows.filter(|(_, item)| text(item, "PK").starts_with("SUBJECT#"))
}

/// What is not as it must be when nothing goes on any more.
pub fn judge(tables: &Tables) -> Vec<String> {
    let of = |name: &str| tables.get(name).into_iter().flatten();
    let mut wrong = Vec::new();
    for (table, row) in waiting(tables) {
        let (kind, parked) = (text(row, "Kind"), text(row, "Parked"));
        let why = if parked.is_empty() { String::new() } else { format!(": {parked}") };
        wrong.push(format!("{kind} waits in {table}{why}"));
    }
    for order in of("orders").filter(|order| text(order, "State") == "PENDING") {
        wrong.push(format!("order {} is pending", text(order, "OrderId")));
    }
    for customer in of("customers").filter(|item| item.contains_key("CreditLimit")) {
        let id = text(customer, "CustomerId");
        let approved = of("orders")
            .filter(|order| text(order, "CustomerId") == id && text(order, "State") == "APPROVED")
            .map(|order| number(order, "TotalAmount"))
            .sum::<u64>();
        let (reserved, limit) = (number(customer, "CreditReserved"), number(customer, "CreditLimit"));
        if reserved != approved || reserved > limit {
            wrong.push(format!("of customer {id} {reserved} of {limit} is reserved for {approved}"));
        }
    }
    wrong
}
