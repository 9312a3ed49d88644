//! Bad requests, and the proof that they changed nothing.

use anyhow::{Context as _, ensure};
use cucumber::{then, when};
use reqwest::Method;

use super::events::only_one;
use crate::{contract::EVENTS, story::Story};

#[when(regex = r"^([{\[].*|nothing) is posted to (/\S+)$")]
async fn post(story: &mut Story, body: String, path: String) -> anyhow::Result<()> {
    let body = if body == "nothing" { String::new() } else { story.fill_in(&body) };
    story.post(&path, &body).await
}

#[when(regex = r"^a good body is posted to (/\S+)$")]
async fn post_good(story: &mut Story, path: String) -> anyhow::Result<()> {
    let body = story.good_body(&path)?.to_string();
    story.post(&path, &body).await
}

#[when(regex = r"^a good body of (\d+) bytes is posted to (/\S+)$")]
async fn post_large(story: &mut Story, bytes: usize, path: String) -> anyhow::Result<()> {
    let mut body = story.good_body(&path)?;
    body["padding"] = "".into();
    let missing = bytes.checked_sub(body.to_string().len()).context("so short a body is not good")?;
    body["padding"] = "x".repeat(missing).into();
    story.post(&path, &body.to_string()).await
}

#[when(regex = r"^a good body is posted to (/\S+) as (\S+)$")]
async fn post_as(story: &mut Story, path: String, kind: String) -> anyhow::Result<()> {
    let kind = Some(kind.as_str()).filter(|kind| *kind != "nothing");
    let body = story.good_body(&path)?.to_string();
    let request = story.new_request(Method::POST, &path).with_body(body, kind);
    story.send(request).await
}

/// First the outboxes: nothing of this conversation may be in them. Then the key: it decides the id of what a
/// request creates, so a good request with the same key and another body succeeds only if the bad one created
/// nothing. What the good one sets off is then all that the conversation ever published.
#[then("nothing was written and nothing was published")]
async fn nothing(story: &mut Story) -> anyhow::Result<()> {
    for kind in &EVENTS {
        let stored = story.system.stored(kind, story.correlation_id).await?;
        ensure!(stored.is_empty(), "{} of the bad request is in the outbox", kind.name);
    }
    let bad = story.request.as_ref().context("no bad request was sent")?;
    let (path, event) = match bad.path.starts_with("/customer") {
        true => ("/customers", "CustomerCreated"),
        false => ("/orders", "OrderCreated"),
    };
    let mut good = story.good_body(path)?;
    good["order_total"] = 7.into();
    good["credit_limit"] = 7.into();
    let good = story.new_request(Method::POST, path).with_body(good.to_string(), Some("application/json"));
    let answer = story.system.send(&good).await?;
    ensure!(answer.status == 200, "the bad request has used the key: {} {}", answer.status, answer.body);
    let event = only_one(story, event).await?;
    let odd = story.system.events.look(|all| {
        let mut of_requests = all.iter().flatten().filter(|other| other.causation_id().is_none());
        of_requests.find(|o| o.correlation_id() == event.correlation_id() && o.id() != event.id()).cloned()
    });
    ensure!(odd.is_none(), "{odd:?} was published");
    Ok(())
}
