//! Orders, placed, cancelled and read over HTTP.

use anyhow::{Context as _, bail, ensure};
use cucumber::{given, then, when};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{amount::Amount, arrivals};
use crate::{eventually::eventually, story::Story};

const FIELDS: &[&str] =
    &["id", "customer_id", "state", "order_total", "version", "created_at", "updated_at", "_links"];

/// A rejected order says why, and no other does.
fn fields(order: &Value) -> Vec<&'static str> {
    let reason = (order["state"] == "REJECTED").then_some("rejection_reason");
    FIELDS.iter().copied().chain(reason).collect()
}

/// The order as it can be read now.
pub(super) async fn read(story: &Story, id: Uuid) -> anyhow::Result<Value> {
    let order = story.read(&format!("/order/{id}"), fields).await?;
    let href = format!("/order/{id}");
    ensure!(order["id"] == id.to_string() && order["customer_id"] == story.customer.to_string());
    ensure!(order["_links"] == json!({"self": {"href": href}, "cancel": {"href": format!("{href}/cancel")}}));
    Ok(order)
}

#[given("an order that nobody has heard of")]
fn unknown(_: &mut Story) {
    // Every story begins with the id of such an order.
}

/// A transaction becomes visible item by item: the answer to its message can come before the order can be
/// read.
#[given("an order that will be placed with this key")]
fn to_come(story: &mut Story) -> anyhow::Result<()> {
    let key = story.key.as_ref().context("the requests carry no key")?;
    story.order = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("idempotency-key:order:{key}").as_bytes());
    Ok(())
}

#[given("a pending order")]
async fn pending(story: &mut Story) -> anyhow::Result<()> {
    place(story, Amount(12_399)).await?;
    story.answer()?.id().map(drop)
}

#[given("an approved order")]
async fn approved(story: &mut Story) -> anyhow::Result<()> {
    pending(story).await?;
    arrivals::about_the_order(story, "CustomerCreditReserved".to_owned()).await?;
    becomes(story, "APPROVED".to_owned()).await
}

#[given("a rejected order")]
async fn rejected(story: &mut Story) -> anyhow::Result<()> {
    pending(story).await?;
    arrivals::about_the_order(story, "CustomerCreditReservationFailed".to_owned()).await?;
    becomes(story, "REJECTED".to_owned()).await
}

#[when(regex = r"^an order of (\d+\.\d\d) is placed$")]
async fn place(story: &mut Story, total: Amount) -> anyhow::Result<()> {
    let body = json!({"customer_id": story.customer, "order_total": total.0});
    story.post("/orders", &body.to_string()).await
}

#[when(regex = r"^(\d+) orders of (\d+\.\d\d) are placed at once$")]
async fn place_many(story: &mut Story, count: usize, total: Amount) -> anyhow::Result<()> {
    let body = json!({"customer_id": story.customer, "order_total": total.0}).to_string();
    let request = story.new_request(Method::POST, "/orders").with_body(body, Some("application/json"));
    let answers = try_join_all((0..count).map(|_| story.system.send(&request))).await?;
    story.orders = answers.iter().map(|answer| answer.id()).collect::<Result<_, _>>()?;
    Ok(())
}

#[when("the order is cancelled")]
async fn cancel(story: &mut Story) -> anyhow::Result<()> {
    let request = story.new_request(Method::POST, "/order/{order}/cancel");
    story.send(request).await
}

#[when("the order's time is up")]
async fn time_is_up(story: &mut Story) -> anyhow::Result<()> {
    story.system.end_time_of(story.order).await
}

#[then(regex = r"^the order has a total of (\d+\.\d\d)$")]
async fn has_total(story: &mut Story, total: Amount) -> anyhow::Result<()> {
    let order = read(story, story.order).await?;
    ensure!(order["order_total"] == total.0, "it is {order}");
    Ok(())
}

#[then(regex = r"^the order is ([A-Z]+)$")]
async fn is(story: &mut Story, state: String) -> anyhow::Result<()> {
    let order = read(story, story.order).await?;
    ensure!(order["state"] == state, "it is {order}");
    Ok(())
}

#[then(regex = r"^the order becomes ([A-Z]+)$")]
async fn becomes(story: &mut Story, state: String) -> anyhow::Result<()> {
    let (story, state) = (&*story, &state);
    eventually(|| async move {
        let order = read(story, story.order).await?;
        ensure!(order["state"] == *state, "it is {order}");
        Ok(())
    })
    .await
}

#[then(regex = r"^it says ([A-Z_]+)$")]
async fn says(story: &mut Story, reason: String) -> anyhow::Result<()> {
    let order = read(story, story.order).await?;
    ensure!(order["rejection_reason"] == reason, "it is {order}");
    Ok(())
}

#[then(regex = r"^(\d+) of them become APPROVED and (\d+) of them REJECTED$")]
async fn share(story: &mut Story, approved: usize, rejected: usize) -> anyhow::Result<()> {
    let story = &*story;
    eventually(|| async move {
        let orders = try_join_all(story.orders.iter().map(|id| read(story, *id))).await?;
        let count = |state: &str| orders.iter().filter(|order| order["state"] == state).count();
        let (is_approved, is_rejected) = (count("APPROVED"), count("REJECTED"));
        if is_approved + is_rejected < orders.len() {
            bail!("{is_approved} orders are approved and {is_rejected} rejected, of {}", orders.len());
        }
        Ok((is_approved, is_rejected))
    })
    .await
    .and_then(|found| {
        ensure!(found == (approved, rejected), "{} are approved and {} rejected", found.0, found.1);
        Ok(())
    })
}

#[then("the order is as new as on its first day")]
async fn is_new(story: &mut Story) -> anyhow::Result<()> {
    let order = read(story, story.order).await?;
    ensure!(order["version"] == 0 && order["updated_at"].is_null(), "it is {order}");
    Ok(())
}

#[then(regex = r"^the order is at version (\d+)$")]
async fn is_at_version(story: &mut Story, version: u64) -> anyhow::Result<()> {
    let order = read(story, story.order).await?;
    ensure!(order["version"] == version, "it is {order}");
    let updated = order["updated_at"].as_str();
    ensure!(updated.is_some_and(crate::event::is_timestamp), "it is {order}");
    Ok(())
}
