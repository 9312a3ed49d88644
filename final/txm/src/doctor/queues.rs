//! Queues, what lies beside them, and who may put something there.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use time::Duration;
use transactional_messaging::provision::Subscription;

use super::{Check, Verdict};
use crate::{
    deployment::{Deployment, Part},
    failure::{Failure, Result},
    letters::Side,
};

type Attributes = HashMap<QueueAttributeName, String>;

/// All queues of a service and their subscriptions.
pub(super) async fn of(at: &Deployment, part: &Part) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for subscription in &part.resources.subscriptions {
        let what = format!("queue {}", subscription.queue);
        let Some(queue) = attributes(at, &subscription.queue).await? else {
            checks.push(Check::new(
                what,
                Verdict::Bad,
                "not there: its messages are lost; is --prefix right?",
            ));
            continue;
        };
        let arn = queue.get(&QueueAttributeName::QueueArn).cloned().unwrap_or_default();
        checks.push(dead_letters(at, subscription, &queue).await?);
        checks.extend(subscribed(at, subscription, &arn, &queue).await?);
    }
    Ok(checks)
}

/// Whether what fails goes to its dead-letter queue, and lies there long enough to be seen.
async fn dead_letters(at: &Deployment, subscription: &Subscription, queue: &Attributes) -> Result<Check> {
    let (what, wanted) =
        (format!("dead letters of {}", subscription.queue), Side::Dead.of(&subscription.queue));
    let policy = json(queue.get(&QueueAttributeName::RedrivePolicy));
    let target = policy["deadLetterTargetArn"].as_str().and_then(|arn| arn.rsplit(':').next());
    let Some(target) = target else {
        return Ok(Check::new(
            what,
            Verdict::Bad,
            "the queue has no redrive policy: what fails comes again until it expires",
        ));
    };
    let Some(dead) = attributes(at, target).await? else {
        return Ok(Check::new(what, Verdict::Bad, format!("the queue {target} is not there")));
    };
    let count = &policy["maxReceiveCount"];
    let receives = count.as_u64().or_else(|| count.as_str()?.parse().ok()).unwrap_or_default();
    let (kept, kept_there) = (retention(queue), retention(&dead));
    Ok(if target != wanted {
        Check::new(what, Verdict::Warn, format!("they go to {target}; txm looks into {wanted}"))
    } else if receives < 2 {
        Check::new(
            what,
            Verdict::Bad,
            "a message is given up at once: no reason is stored; let it be received twice at least",
        )
    } else if kept_there <= kept {
        let why = format!(
            "kept for {} days, as in the queue: some expire before anybody sees them",
            kept_there.whole_days()
        );
        Check::new(what, Verdict::Bad, why)
    } else {
        Check::new(
            what,
            Verdict::Ok,
            format!("after {receives} receives, kept for {} days", kept_there.whole_days()),
        )
    })
}

/// Whether the topic has the queue as a subscriber, and may put something there.
async fn subscribed(
    at: &Deployment,
    wanted: &Subscription,
    arn: &str,
    queue: &Attributes,
) -> Result<Vec<Check>> {
    let what = format!("subscription of {}", wanted.queue);
    // A topic stands in the same account and region as its queue.
    let account = arn.rsplit_once(':').map_or(arn, |(before, _)| before).replace(":sqs:", ":sns:");
    let topic = format!("{account}:{}", wanted.topic);
    let Some(all) = subscriptions(at, &topic).await? else {
        return Ok(vec![Check::new(
            what,
            Verdict::Bad,
            format!("there is no topic {}: what waits for it is not sent", wanted.topic),
        )]);
    };
    let Some((_, own)) = all.into_iter().find(|(endpoint, _)| endpoint == arn) else {
        return Ok(vec![Check::new(
            what,
            Verdict::Bad,
            "the topic does not know the queue: its messages are lost",
        )]);
    };
    if !is_confirmed(&own) {
        let why = "nobody has confirmed it: its messages are lost; subscribe the queue from its own account";
        return Ok(vec![Check::new(what, Verdict::Bad, why)]);
    }
    let answer = at.sns.get_subscription_attributes().subscription_arn(&own).send().await;
    let answer = answer.map_err(|error| Failure::of(&what, &error))?;
    let attribute =
        |name: &str| answer.attributes().and_then(|all| all.get(name)).filter(|text| !text.is_empty());
    let filter = attribute("FilterPolicy").filter(|text| text.as_str() != "{}");
    let policy = queue.get(&QueueAttributeName::Policy).cloned().unwrap_or_default();
    let redrive = json(attribute("RedrivePolicy"))["deadLetterTargetArn"].as_str().map(str::to_owned);
    let undelivered = format!("what SNS cannot deliver to {}", wanted.queue);
    Ok(vec![
        match filter {
            Some(_) => Check::new(
                what,
                Verdict::Warn,
                "it has a filter policy: what that does not let through is lost to the queue",
            ),
            None => Check::new(what, Verdict::Ok, "there, without a filter"),
        },
        Check::holds(
            format!("policy of {}", wanted.queue),
            policy.contains(&topic) && policy.contains("sqs:SendMessage"),
            "its topic may send",
            "its topic may not send: messages are lost after SNS has tried for 23 days",
        ),
        match redrive {
            Some(_) => Check::new(undelivered, Verdict::Ok, "is kept in a queue"),
            None => Check::new(
                undelivered,
                Verdict::Warn,
                "is lost after 23 days: the subscription has no redrive policy",
            ),
        },
    ])
}

/// Whether somebody has confirmed the subscription: until then a word stands in the place of its ARN.
pub(super) fn is_confirmed(arn: &str) -> bool {
    arn.starts_with("arn:")
}

/// The endpoints and the ARNs of all subscriptions of a topic; none when there is no such topic.
pub(super) async fn subscriptions(at: &Deployment, topic: &str) -> Result<Option<Vec<(String, String)>>> {
    let (mut all, mut pages) =
        (Vec::new(), at.sns.list_subscriptions_by_topic().topic_arn(topic).into_paginator().send());
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => all.extend(
                page.subscriptions()
                    .iter()
                    .filter_map(|one| Some((one.endpoint()?.to_owned(), one.subscription_arn()?.to_owned()))),
            ),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {
                return Ok(None);
            }
            Err(error) => return Err(Failure::of(&format!("topic {topic}"), &error)),
        }
    }
    Ok(Some(all))
}

pub(super) async fn attributes(at: &Deployment, queue: &str) -> Result<Option<Attributes>> {
    let Some(url) = at.url(queue).await? else { return Ok(None) };
    let request = at.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let answer = request.send().await.map_err(|error| Failure::of(&format!("queue {queue}"), &error))?;
    Ok(Some(answer.attributes.unwrap_or_default()))
}

fn retention(queue: &Attributes) -> Duration {
    let seconds = queue.get(&QueueAttributeName::MessageRetentionPeriod).and_then(|text| text.parse().ok());
    Duration::seconds(seconds.unwrap_or_default())
}

fn json(text: Option<&String>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
