//! Messages that can never be handled, and where they end.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, ensure};
use cucumber::{then, when};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arrivals::publish;
use crate::{broker::Letter, story::Story};

#[when(regex = r#"^the text "(.+)" arrives in the queue (\S+)$"#)]
async fn no_message(story: &mut Story, text: String, queue: String) -> anyhow::Result<()> {
    story.marker = format!("{text}, {}", Uuid::new_v4());
    story.system.broker.send(&queue, &story.marker).await
}

#[when(regex = r"^(\w+) arrives on the topic of (\w+)$")]
async fn of_another_type(story: &mut Story, kind: String, topic_of: String) -> anyhow::Result<()> {
    let data = json!({"order_id": story.order, "customer_id": story.customer, "order_total": 1});
    story.marker = publish(story, &topic_of, &kind, data).await?.to_string();
    Ok(())
}

#[when(regex = r"^OrderCreated arrives with an order_total of (\S+)$")]
async fn with_total(story: &mut Story, total: String) -> anyhow::Result<()> {
    let total: Value = serde_json::from_str(&total)?;
    let data = json!({"order_id": story.order, "customer_id": story.customer, "order_total": total});
    story.marker = publish(story, "OrderCreated", "OrderCreated", data).await?.to_string();
    Ok(())
}

#[when("OrderCreated arrives without its order_total")]
async fn without_total(story: &mut Story) -> anyhow::Result<()> {
    let data = json!({"order_id": story.order, "customer_id": story.customer});
    story.marker = publish(story, "OrderCreated", "OrderCreated", data).await?.to_string();
    Ok(())
}

#[then(regex = r#"^it ends in the dead-letter queue of (\S+) because "(.+)"$"#)]
async fn is_dead(story: &mut Story, queue: String, because: String) -> anyhow::Result<()> {
    story.system.expect_letter(&story.marker);
    let ours = |letter: &&Letter| letter.body.contains(&story.marker);
    let find = |letters: &[Letter]| letters.iter().find(ours).cloned();
    let letter = story.system.letters.wait_for("such dead letter", find).await?;
    ensure!(letter.queue == queue, "it is in the dead-letter queue of {}", letter.queue);
    let reason = letter.reason.context("its attribute `reason` is missing")?;
    ensure!(reason.contains(&because), "the reason is: {reason}");
    let count = story.system.letters.look(|letters| letters.iter().filter(ours).count());
    ensure!(count == 1, "it is there {count} times");
    Ok(())
}
