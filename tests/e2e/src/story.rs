//! What one scenario remembers between its steps. Everything in it has ids of its own, so scenarios run
//! beside each other.
#![allow(clippy::disallowed_methods)]

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use cucumber::World;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::{Answer, CORRELATION_ID, Request},
    event::Event,
    system::System,
};

/// A scenario on its way.
#[derive(Debug, World)]
#[world(init = Self::begin)]
pub struct Story {
    /// The system it talks to.
    pub system: Arc<System>,
    /// The id of its conversation: all its requests and messages carry it, and so do the events that follow.
    pub correlation_id: Uuid,
    /// What its requests carry as correlation id, when that is something else.
    pub odd_correlation_id: Option<String>,
    /// Its Idempotency-Key, if its requests carry one.
    pub key: Option<String>,
    /// The customer it is about.
    pub customer: Uuid,
    /// The order it is about.
    pub order: Uuid,
    /// Several orders, when it is about several.
    pub orders: Vec<Uuid>,
    /// The last request to change something.
    pub request: Option<Request>,
    /// All answers so far.
    pub answers: Vec<Answer>,
    /// The event it saw last.
    pub event: Option<Event>,
    /// The message it published last: topic, type, text.
    pub message: Option<(&'static str, String, String)>,
    /// A text by which its last bad message is known again.
    pub marker: String,
}

impl Story {
    fn begin() -> anyhow::Result<Self> {
        Ok(Self {
            system: System::current()?,
            correlation_id: Uuid::now_v7(),
            odd_correlation_id: None,
            key: None,
            customer: Uuid::new_v4(),
            order: Uuid::new_v4(),
            orders: Vec::new(),
            request: None,
            answers: Vec::new(),
            event: None,
            message: None,
            marker: String::new(),
        })
    }

    /// A request of this conversation, with its key. Ids are filled in for `{customer}` and `{order}`.
    pub fn new_request(&self, method: Method, path: &str) -> Request {
        let mut request = Request::new(method, self.fill_in(path));
        match &self.odd_correlation_id {
            None => request.headers.push((CORRELATION_ID, self.correlation_id.to_string())),
            Some(text) if text.is_empty() => {}
            Some(text) => request.headers.push((CORRELATION_ID, text.clone())),
        }
        request.headers.extend(self.key.clone().map(|key| ("Idempotency-Key", key)));
        request
    }

    /// Sends a request and keeps it and its answer.
    ///
    /// # Errors
    ///
    /// When there is no proper answer.
    pub async fn send(&mut self, request: Request) -> anyhow::Result<()> {
        let answer = self.system.send(&request).await?;
        if self.odd_correlation_id.is_some() {
            self.correlation_id = answer.correlation_id;
        }
        self.request = Some(request);
        self.answers.push(answer);
        Ok(())
    }

    /// A body that the service at this path accepts.
    ///
    /// # Errors
    ///
    /// When there is no such path.
    pub fn good_body(&self, path: &str) -> anyhow::Result<Value> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/customers" => Ok(json!({"name": "Ada Lovelace", "credit_limit": 24_999})),
            "/orders" => Ok(json!({"customer_id": self.customer, "order_total": 12_399})),
            other => bail!("nothing is posted to {other}"),
        }
    }

    /// Posts a JSON body; what it creates becomes the customer or the order of this story.
    ///
    /// # Errors
    ///
    /// When there is no proper answer.
    pub async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<()> {
        let request = self.new_request(Method::POST, path).with_body(body, Some("application/json"));
        self.send(request).await?;
        if let Ok(id) = self.answer()?.id() {
            match path {
                "/customers" => self.customer = id,
                _ => self.order = id,
            }
        }
        Ok(())
    }

    /// The last answer.
    ///
    /// # Errors
    ///
    /// When nothing was asked yet.
    pub fn answer(&self) -> anyhow::Result<&Answer> {
        self.answers.last().context("nothing was asked yet")
    }

    /// Reads the customer or an order, and checks that the answer has exactly the fields that such an answer
    /// should have.
    ///
    /// # Errors
    ///
    /// When it cannot be read or has others.
    pub async fn read(
        &self,
        path: &str,
        fields: impl Fn(&Value) -> Vec<&'static str>,
    ) -> anyhow::Result<Value> {
        let answer = self.system.send(&self.new_request(Method::GET, path)).await?;
        ensure!(answer.status == 200, "{path} is answered with {} {}", answer.status, answer.body);
        let mut found: Vec<_> = answer.body.as_object().context("no object")?.keys().collect();
        let mut wanted = fields(&answer.body);
        found.sort();
        wanted.sort_unstable();
        ensure!(found == wanted, "{path} has the fields {found:?}");
        Ok(answer.body)
    }

    /// Fills in ids, and `x×5` as `xxxxx`.
    pub fn fill_in(&self, text: &str) -> String {
        let text = text.replace("{customer}", &self.customer.to_string());
        let text = text.replace("{order}", &self.order.to_string());
        let Some((before, after)) = text.split_once("x×") else { return text };
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (count, rest) = after.split_at(end);
        format!("{before}{}{rest}", "x".repeat(count.parse().unwrap_or_default()))
    }

    /// Takes another conversation, whose id begins with this byte.
    pub fn talk_as(&mut self, first: u8) {
        let mut id = Uuid::new_v4().into_bytes();
        id[0] = first;
        self.correlation_id = Uuid::from_bytes(id);
    }
}
