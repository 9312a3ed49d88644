//! Requests and answers.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, bail, ensure};
use cucumber::{given, then, when};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    broker::{ALL, CUSTOMERS_ONLY, ORDERS_ONLY},
    story::Story,
};

#[given("all services take part")]
fn all(story: &mut Story) {
    story.talk_as(ALL);
}

#[given(regex = "^only the (customers|orders) service takes part$")]
fn only(story: &mut Story, service: String) {
    story.talk_as(if service == "customers" { CUSTOMERS_ONLY } else { ORDERS_ONLY });
}

#[given("the requests carry an Idempotency-Key")]
fn with_a_key(story: &mut Story) {
    story.key = Some(Uuid::new_v4().to_string());
}

#[given(regex = r#"^the requests carry the Idempotency-Key "(.*)"$"#)]
fn with_this_key(story: &mut Story, key: String) {
    story.key = Some(story.fill_in(&key));
}

#[given("the requests carry no correlation id")]
fn without_correlation_id(story: &mut Story) {
    story.odd_correlation_id = Some(String::new());
}

#[given(regex = r#"^the requests carry the correlation id "(.*)"$"#)]
fn with_odd_correlation_id(story: &mut Story, id: String) {
    story.odd_correlation_id = Some(id);
}

#[when(regex = r"^([A-Z]+) (/\S*) is requested$")]
async fn request(story: &mut Story, method: Method, path: String) -> anyhow::Result<()> {
    let request = story.new_request(method, &path);
    story.send(request).await
}

#[when("the same request is sent again")]
async fn again(story: &mut Story) -> anyhow::Result<()> {
    let request = story.request.clone().context("nothing was sent before")?;
    story.send(request).await
}

#[then(regex = r"^the answer is (\d+)$")]
fn status_is(story: &mut Story, status: u16) -> anyhow::Result<()> {
    let answer = story.answer()?;
    ensure!(answer.status == status, "the answer is {} {}", answer.status, answer.body);
    Ok(())
}

#[then(regex = r"^the answer is (\d+) ([A-Z_]+)$")]
fn error_is(story: &mut Story, status: u16, code: String) -> anyhow::Result<()> {
    status_is(story, status)?;
    let body = &story.answer()?.body;
    ensure!(body["error"] == code, "the error is {body}");
    ensure!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "nothing explains {body}");
    let fields = body.as_object().map(|fields| fields.len()).unwrap_or_default();
    ensure!(fields == 2 + usize::from(body.get("_links").is_some()), "there is more in {body}");
    Ok(())
}

#[then(regex = r"^the answer is (\d+) (\{.*\})$")]
fn body_is(story: &mut Story, status: u16, body: String) -> anyhow::Result<()> {
    status_is(story, status)?;
    let wanted: Value = serde_json::from_str(&body)?;
    ensure!(story.answer()?.body == wanted, "the answer is {}", story.answer()?.body);
    Ok(())
}

#[then(regex = "^it links to the (customer|order)$")]
fn links(story: &mut Story, what: String) -> anyhow::Result<()> {
    let wanted = match what.as_str() {
        "customer" => json!({"self": {"href": format!("/customer/{}", story.customer)}}),
        _ => {
            let href = format!("/order/{}", story.order);
            json!({"self": {"href": href}, "cancel": {"href": format!("{href}/cancel")}})
        }
    };
    let body = &story.answer()?.body;
    ensure!(body["_links"] == wanted, "the links are in {body}");
    if body.get("error").is_none() {
        ensure!(body.as_object().map(|fields| fields.len()) == Some(2), "there is more in {body}");
    }
    Ok(())
}

#[then(regex = "^both answers name the same (?:customer|order)$")]
fn same_id(story: &mut Story) -> anyhow::Result<()> {
    let [.., first, second] = story.answers.as_slice() else { bail!("there were no two answers") };
    ensure!(first.id()? == second.id()?, "one is {}, the other {}", first.id()?, second.id()?);
    Ok(())
}

#[then("the answer has a correlation id of its own")]
fn own_correlation_id(story: &mut Story) -> anyhow::Result<()> {
    status_is(story, 200)?;
    let id = story.answer()?.correlation_id;
    ensure!(!id.is_nil() && story.odd_correlation_id.as_deref() != Some(&id.to_string()));
    Ok(())
}
