//! Customers, made and read over HTTP.

use anyhow::ensure;
use cucumber::{given, then, when};
use serde_json::{Value, json};

use super::amount::Amount;
use crate::{eventually::eventually, story::Story};

const FIELDS: &[&str] =
    &["id", "name", "credit_limit", "available_credit", "version", "created_at", "updated_at", "_links"];

/// The customer as it can be read now.
pub(super) async fn read(story: &Story) -> anyhow::Result<Value> {
    let customer = story.read("/customer/{customer}", |_| FIELDS.to_vec()).await?;
    ensure!(customer["id"] == story.customer.to_string());
    ensure!(customer["_links"] == json!({"self": {"href": format!("/customer/{}", story.customer)}}));
    Ok(customer)
}

#[given(regex = r"^a customer with a credit limit of (\d+\.\d\d)$")]
async fn existing(story: &mut Story, limit: Amount) -> anyhow::Result<()> {
    create(story, limit).await?;
    story.answer()?.id().map(drop)
}

#[given(regex = r"^a customer with a credit limit of (\d+\.\d\d) and the address (\S+)$")]
async fn existing_with_address(story: &mut Story, limit: Amount, email: String) -> anyhow::Result<()> {
    let body = json!({"name": "Ada Lovelace", "credit_limit": limit.0, "email": email});
    story.post("/customers", &body.to_string()).await?;
    story.answer()?.id().map(drop)
}

#[given("an unknown customer")]
fn unknown(_: &mut Story) {
    // Every story begins with the id of a customer that nobody has heard of.
}

#[when(regex = r"^a customer with a credit limit of (\d+\.\d\d) is created$")]
async fn create(story: &mut Story, limit: Amount) -> anyhow::Result<()> {
    let body = json!({"name": "Ada Lovelace", "credit_limit": limit.0});
    story.post("/customers", &body.to_string()).await
}

#[then(regex = r"^the customer has a credit limit of (\d+\.\d\d)$")]
async fn has_limit(story: &mut Story, limit: Amount) -> anyhow::Result<()> {
    let customer = read(story).await?;
    ensure!(customer["credit_limit"] == limit.0 && customer["name"] == "Ada Lovelace", "it is {customer}");
    Ok(())
}

#[then(regex = r"^(\d+\.\d\d) of the credit is available$")]
async fn has_available(story: &mut Story, available: Amount) -> anyhow::Result<()> {
    let customer = read(story).await?;
    ensure!(customer["available_credit"] == available.0, "it is {customer}");
    Ok(())
}

#[then(regex = r"^(\d+\.\d\d) of the credit becomes available$")]
async fn gets_available(story: &mut Story, available: Amount) -> anyhow::Result<()> {
    let story = &*story;
    eventually(|| async move {
        let customer = read(story).await?;
        ensure!(customer["available_credit"] == available.0, "it is {customer}");
        Ok(())
    })
    .await
}

#[then("the customer is as new as on its first day")]
async fn is_new(story: &mut Story) -> anyhow::Result<()> {
    let customer = read(story).await?;
    ensure!(customer["version"] == 0 && customer["updated_at"].is_null(), "it is {customer}");
    Ok(())
}

#[then(regex = r"^the customer is at version (\d+)$")]
async fn is_at_version(story: &mut Story, version: u64) -> anyhow::Result<()> {
    let customer = read(story).await?;
    ensure!(customer["version"] == version, "it is {customer}");
    let updated = customer["updated_at"].as_str();
    ensure!(updated.is_some_and(crate::event::is_timestamp), "it is {customer}");
    Ok(())
}
