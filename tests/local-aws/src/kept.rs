//! What a restart finds again beside the tables, which dynoxide keeps itself: queues, topics with their
//! subscriptions, buckets with their objects (a snapshot, written a fifth of a second after something
//! changed; what was made later than that before the end is not found again), and the messages in queues
//! ([`Messages`](crate::messages::Messages), each at once).

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use rustack_s3_core::RustackS3;
use rustack_s3_core::snapshot::S3Snapshot;
use rustack_sns_core::provider::RustackSns;
use rustack_sns_model::input::{
    CreateTopicInput, GetSubscriptionAttributesInput, GetTopicAttributesInput, ListSubscriptionsByTopicInput,
    ListTopicsInput, SubscribeInput,
};
use rustack_sqs_core::provider::{RustackSqs, SqsSnapshot};
use serde::{Deserialize, Serialize};

/// What SNS computes and does not take.
const COMPUTED: [&str; 6] = [
    "TopicArn",
    "Owner",
    "SubscriptionsConfirmed",
    "SubscriptionsPending",
    "SubscriptionsDeleted",
    "EffectiveDeliveryPolicy",
];
/// What `Subscribe` takes here.
const OF_SUBSCRIPTIONS: [&str; 2] = ["FilterPolicy", "FilterPolicyScope"];

/// Everything but tables and messages.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Definitions {
    queues: SqsSnapshot,
    topics: Vec<Topic>,
    buckets: S3Snapshot,
}

#[derive(Serialize, Deserialize)]
struct Topic {
    name: String,
    attributes: HashMap<String, String>,
    /// Endpoint and attributes of each. A restart gives a subscription another ARN.
    subscriptions: Vec<(String, HashMap<String, String>)>,
}

/// The file beside the tables' own, with another ending.
pub(crate) fn beside(data: &Path, ending: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(crate) async fn save(data: &Path, sqs: &RustackSqs, sns: &RustackSns, s3: &RustackS3) -> io::Result<()> {
    let definitions = Definitions {
        queues: sqs.export_snapshot().await.map_err(io::Error::other)?,
        topics: topics(sns),
        buckets: s3.export_snapshot(&beside(data, ".objects")).await.map_err(io::Error::other)?,
    };
    let (file, fresh) = (beside(data, ".services.json"), beside(data, ".services.json.new"));
    tokio::fs::write(&fresh, serde_json::to_vec(&definitions)?).await?;
    tokio::fs::rename(fresh, file).await
}

pub(crate) async fn restore(
    data: &Path,
    sqs: &RustackSqs,
    sns: &RustackSns,
    s3: &RustackS3,
) -> io::Result<()> {
    let definitions: Definitions = match tokio::fs::read(beside(data, ".services.json")).await {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    sqs.import_snapshot(definitions.queues).await.map_err(io::Error::other)?;
    s3.import_snapshot(definitions.buckets, &beside(data, ".objects")).await.map_err(io::Error::other)?;
    for topic in definitions.topics {
        let made = CreateTopicInput { name: topic.name, attributes: topic.attributes, ..Default::default() };
        let arn = sns.create_topic(made).map_err(io::Error::other)?.topic_arn;
        for (endpoint, attributes) in topic.subscriptions {
            let wanted = SubscribeInput {
                topic_arn: arn.clone(),
                protocol: "sqs".to_owned(),
                endpoint: Some(endpoint),
                attributes,
                return_subscription_arn: true,
            };
            sns.subscribe(wanted).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

fn topics(sns: &RustackSns) -> Vec<Topic> {
    let mut found = Vec::new();
    let mut next_token = None;
    while let Ok(page) = sns.list_topics(&ListTopicsInput { next_token }) {
        let arns = page.topics.into_iter().map(|topic| topic.topic_arn);
        found.extend(arns.map(|arn| topic(sns, arn)));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    found
}

fn topic(sns: &RustackSns, arn: String) -> Topic {
    let asked = sns.get_topic_attributes(&GetTopicAttributesInput { topic_arn: arn.clone() });
    let mut attributes = asked.unwrap_or_default().attributes;
    attributes.retain(|name, _| !COMPUTED.contains(&name.as_str()));
    let listed = ListSubscriptionsByTopicInput { topic_arn: arn.clone(), next_token: None };
    let listed = sns.list_subscriptions_by_topic(&listed).unwrap_or_default().subscriptions;
    let subscriptions = listed.into_iter().map(|subscription| {
        let asked = GetSubscriptionAttributesInput { subscription_arn: subscription.subscription_arn };
        let mut attributes = sns.get_subscription_attributes(&asked).unwrap_or_default().attributes;
        attributes.retain(|name, _| OF_SUBSCRIPTIONS.contains(&name.as_str()));
        (subscription.endpoint, attributes)
    });
    let subscriptions = subscriptions.collect();
    Topic { name: arn.rsplit(':').next().unwrap_or_default().to_owned(), attributes, subscriptions }
}
