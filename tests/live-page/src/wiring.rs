//! What there is in AWS: tables, topics, queues, and who hears of what. The picture is laid out from it.

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use serde::Serialize;
use serde_json::{Value, json};

use crate::facts::is_dead_letter_queue;
use crate::process::BoxError;

/// How many items of a table are shown.
const SHOWN: i32 = 60;

/// The way to look at AWS, and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

/// The picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Wiring {
    pub(crate) tables: Vec<String>,
    pub(crate) topics: Vec<String>,
    /// Each queue with the topic that it hears, if any.
    pub(crate) queues: Vec<(String, Option<String>)>,
}

impl Aws {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }

    /// What there is; of each kind the first page, which is a hundred and more.
    pub(crate) async fn wiring(&self) -> Result<Wiring, BoxError> {
        let last = |arn: &str| arn.rsplit([':', '/']).next().unwrap_or_default().to_owned();
        let tables = self.dynamodb.list_tables().send().await?;
        let topics = self.sns.list_topics().send().await?;
        let heard = self.sns.list_subscriptions().send().await?;
        let heard: BTreeMap<_, _> = heard
            .subscriptions()
            .iter()
            .map(|heard| {
                (last(heard.endpoint().unwrap_or_default()), last(heard.topic_arn().unwrap_or_default()))
            })
            .collect();
        let queues = self.sqs.list_queues().send().await?;
        let mut topics: Vec<_> =
            topics.topics().iter().map(|topic| last(topic.topic_arn().unwrap_or_default())).collect();
        topics.sort();
        let mut queues: Vec<_> = queues.queue_urls().iter().map(|url| last(url)).collect();
        queues.sort();
        let queues = queues.into_iter().map(|queue| (queue.clone(), heard.get(&queue).cloned())).collect();
        Ok(Wiring { tables: tables.table_names().to_vec(), topics, queues })
    }

    /// The URL of a queue.
    pub(crate) async fn url(&self, queue: &str) -> Result<String, BoxError> {
        let answer = self.sqs.get_queue_url().queue_name(queue).send().await?;
        answer.queue_url.ok_or_else(|| format!("SQS tells no URL of the queue {queue}").into())
    }

    /// How many messages lie in a queue, about.
    pub(crate) async fn depth(&self, queue: &str) -> Result<u64, BoxError> {
        use aws_sdk_sqs::types::QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let request = self.sqs.get_queue_attributes().queue_url(self.url(queue).await?);
        let answer = request.attribute_names(Visible).attribute_names(Hidden).send().await?;
        let numbers = answer.attributes.unwrap_or_default();
        Ok(numbers.values().filter_map(|number| number.parse::<u64>().ok()).sum())
    }

    /// How many lie in each dead-letter queue of these.
    pub(crate) async fn dead(&self, wiring: &Wiring) -> BTreeMap<String, u64> {
        let mut dead = BTreeMap::new();
        for (queue, _) in wiring.queues.iter().filter(|(queue, _)| is_dead_letter_queue(queue)) {
            if let Ok(depth) = self.depth(queue).await {
                dead.insert(queue.clone(), depth);
            }
        }
        dead
    }

    /// The first items of a table, as plain JSON.
    pub(crate) async fn items(&self, table: &str) -> Result<Value, BoxError> {
        let answer = self.dynamodb.scan().table_name(table).limit(SHOWN).send().await?;
        let items: Vec<Value> = answer
            .items()
            .iter()
            .map(|item| item.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
            .collect();
        Ok(json!({ "items": items, "more": answer.last_evaluated_key().is_some() }))
    }
}

pub(crate) fn plain(value: &aws_sdk_dynamodb::types::AttributeValue) -> Value {
    use aws_sdk_dynamodb::types::AttributeValue as V;
    match value {
        V::S(text) => json!(text),
        V::N(number) => serde_json::from_str(number).unwrap_or_else(|_| json!(number)),
        V::Bool(yes) => json!(yes),
        V::M(map) => map.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        V::L(list) => list.iter().map(plain).collect(),
        V::Ss(list) | V::Ns(list) => json!(list),
        _ => Value::Null,
    }
}
