//! Messages that a scenario publishes in place of the service that would. Of the data they have the fields
//! that a consumer may read and no others.
#![allow(clippy::disallowed_methods)]

use anyhow::Context as _;
use cucumber::{then, when};
use serde_json::{Value, json};
use uuid::Uuid;

use super::amount::Amount;
use crate::{contract::EventType, event::TEST_MARK, story::Story};

/// A message of this type with these data, in an envelope.
pub(super) fn message(story: &Story, kind: &str, mut data: Value) -> (Uuid, String) {
    let id = Uuid::new_v4();
    data["event_id"] = json!(id);
    let (source, aggregate, key) = if kind.starts_with("Customer") {
        ("/customers", "customer", "customer_id")
    } else {
        ("/orders", "order", "order_id")
    };
    let envelope = json!({
        TEST_MARK: true,
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "subject": format!("{aggregate}/{}", data[key].as_str().unwrap_or("none")),
        "time": "2026-11-23T12:00:00.000001+00:00",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000001",
        "correlationid": story.correlation_id,
        "data": data,
    });
    (id, envelope.to_string())
}

/// Publishes a message of this type on the topic of that one.
pub(super) async fn publish(
    story: &mut Story,
    topic_of: &str,
    kind: &str,
    data: Value,
) -> anyhow::Result<Uuid> {
    let (id, text) = message(story, kind, data);
    let topic = EventType::named(topic_of)?.topic;
    story.message = Some((topic, kind.to_owned(), text));
    again(story).await?;
    Ok(id)
}

#[when("the same message arrives again")]
async fn again(story: &mut Story) -> anyhow::Result<()> {
    let (topic, kind, text) = story.message.as_ref().context("no message arrived before")?;
    story.system.broker.publish(topic, kind, &story.correlation_id.to_string(), text).await
}

#[when(regex = r"^OrderCreated arrives for an order of (\d+\.\d\d)$")]
async fn new_order(story: &mut Story, total: Amount) -> anyhow::Result<()> {
    new_order_several_times(story, 1, total).await
}

#[when(regex = r"^OrderCreated arrives (\d+) times for an order of (\d+\.\d\d)$")]
async fn new_order_several_times(story: &mut Story, times: usize, total: Amount) -> anyhow::Result<()> {
    let data = json!({"order_id": story.order, "customer_id": story.customer, "order_total": total.0});
    publish(story, "OrderCreated", "OrderCreated", data).await?;
    for _ in 1..times {
        again(story).await?;
    }
    Ok(())
}

#[when(regex = r"^(\w+) arrives for the order$")]
pub(super) async fn about_the_order(story: &mut Story, kind: String) -> anyhow::Result<()> {
    about_the_order_several_times(story, kind, 1).await
}

#[when(regex = r"^(\w+) arrives (\d+) times for the order$")]
async fn about_the_order_several_times(story: &mut Story, kind: String, times: usize) -> anyhow::Result<()> {
    let mut data = json!({"order_id": story.order});
    match kind.as_str() {
        "OrderApproved" | "OrderCancelled" | "OrderRejected" => data["customer_id"] = json!(story.customer),
        "OrderCreated" => {
            data["customer_id"] = json!(story.customer);
            data["order_total"] = json!(14_999);
        }
        _ => {}
    }
    // Should it end among the dead letters, it is known again by its id.
    story.marker = publish(story, &kind, &kind, data).await?.to_string();
    for _ in 1..times {
        again(story).await?;
    }
    Ok(())
}

#[when("all messages are handled")]
#[then("all messages are handled")]
async fn idle(story: &mut Story) -> anyhow::Result<()> {
    story.system.idle().await
}
