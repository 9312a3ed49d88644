//! Events, as the probe sees them on their topics.

use std::collections::HashSet;

use anyhow::{Context as _, ensure};
use cucumber::{gherkin::Step, then};
use serde_json::Value;
use uuid::Uuid;

use super::{customers, orders};
use crate::{contract::EventType, event::Event, story::Story};

/// Waits for the event of this type in this conversation. It must be the only one in the outbox and on the
/// topic, and keep the contract.
pub(super) async fn only_one(story: &Story, kind: &str) -> anyhow::Result<Event> {
    let (event_type, id) = (EventType::named(kind)?, story.correlation_id);
    let find = |all: &[Result<Event, String>]| ours(all, kind, id).next().cloned();
    let event = story.system.events.wait_for(kind, find).await?;
    event.check()?;
    let stored = story.system.stored(event_type, id).await?;
    ensure!(stored == HashSet::from([event.id()]), "{kind} was stored {} times", stored.len());
    let seen: HashSet<Uuid> = story.system.events.look(|all| ours(all, kind, id).map(Event::id).collect());
    ensure!(seen == stored, "{kind} was published with the ids {seen:?}");
    Ok(event)
}

fn ours<'a>(all: &'a [Result<Event, String>], kind: &'a str, id: Uuid) -> impl Iterator<Item = &'a Event> {
    let genuine = all.iter().flatten().filter(|event| event.is_genuine());
    genuine.filter(move |event| event.kind() == kind && event.correlation_id() == id)
}

#[then(regex = r"^(\w+) is published once$")]
async fn once(story: &mut Story, kind: String) -> anyhow::Result<()> {
    story.event = Some(only_one(story, &kind).await?);
    Ok(())
}

/// What is not in the outbox is never published, so there is nothing to wait for.
#[then(regex = r"^(\w+) is not published$")]
async fn never(story: &mut Story, kind: String) -> anyhow::Result<()> {
    let stored = story.system.stored(EventType::named(&kind)?, story.correlation_id).await?;
    ensure!(stored.is_empty(), "{kind} is in the outbox");
    let seen = story.system.events.look(|all| ours(all, &kind, story.correlation_id).count());
    ensure!(seen == 0, "{kind} was published");
    Ok(())
}

#[then("each of these events was published once, caused by the one before")]
async fn chain(story: &mut Story, step: &Step) -> anyhow::Result<()> {
    let table = step.table.as_ref().context("the step has no table")?;
    let mut cause = None;
    for kind in table.rows.iter().filter_map(|row| row.first()) {
        let event = only_one(story, kind).await?;
        ensure!(event.causation_id() == cause, "{kind} was caused by {:?}", event.causation_id());
        cause = Some(event.id());
    }
    Ok(())
}

#[then(regex = r"^its (\w+) is (\S+)$")]
fn field_is(story: &mut Story, field: String, value: String) -> anyhow::Result<()> {
    let data = &story.event.as_ref().context("no event was seen")?.data;
    let wanted = value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
    ensure!(data[&field] == wanted, "{field} is {}", data[&field]);
    Ok(())
}

#[then("its order_id is that of the order")]
fn about_the_order(story: &mut Story) -> anyhow::Result<()> {
    field_is(story, "order_id".to_owned(), story.order.to_string())?;
    field_is(story, "customer_id".to_owned(), story.customer.to_string())
}

#[then(regex = "^it happened when the (customer|order) was created$")]
async fn happened(story: &mut Story, what: String) -> anyhow::Result<()> {
    let created = match what.as_str() {
        "customer" => customers::read(story).await?,
        _ => orders::read(story, story.order).await?,
    };
    let at = created["created_at"].as_str().context("it was never created")?;
    field_is(story, "created_at".to_owned(), at.to_owned())
}
