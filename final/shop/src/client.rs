//! A client of both services, as the demo needs it.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::system::System;

/// How long an outcome may take. It takes well under a second; this is for a machine that is busy with
/// something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    http: reqwest::Client,
    customers: String,
    orders: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn of(system: &System, token: Option<String>) -> Self {
        let (customers, orders) = (system.url("customers").to_owned(), system.url("orders").to_owned());
        Self { http: reqwest::Client::new(), customers, orders, token }
    }

    /// Of a deployed system, whose services answer at one address.
    pub(crate) fn at(url: &str, token: Option<String>) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { http: reqwest::Client::new(), customers: url.clone(), orders: url, token }
    }

    pub(crate) async fn create_customer(
        &self,
        name: &str,
        credit_limit: u64,
        email: Option<&str>,
    ) -> anyhow::Result<String> {
        let mut body = json!({"name": name, "credit_limit": credit_limit});
        if let Some(email) = email {
            body["email"] = json!(email);
        }
        id_in(self.post(&format!("{}/customers", self.customers), Some(body)).await?)
    }

    pub(crate) async fn place_order(&self, customer_id: &str, order_total: u64) -> anyhow::Result<String> {
        let body = json!({"customer_id": customer_id, "order_total": order_total});
        id_in(self.post(&format!("{}/orders", self.orders), Some(body)).await?)
    }

    /// The status and the body of the answer.
    pub(crate) async fn cancel(&self, order_id: &str) -> anyhow::Result<(u16, Value)> {
        self.post(&format!("{}/order/{order_id}/cancel", self.orders), None).await
    }

    pub(crate) async fn order_state(&self, order_id: &str) -> anyhow::Result<String> {
        let order = self.get(&format!("{}/order/{order_id}", self.orders)).await?;
        Ok(order["state"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn available_credit(&self, customer_id: &str) -> anyhow::Result<u64> {
        let customer = self.get(&format!("{}/customer/{customer_id}", self.customers)).await?;
        customer["available_credit"].as_u64().with_context(|| format!("no customer in {customer}"))
    }

    /// Waits until the order is no longer pending.
    pub(crate) async fn decided_state(&self, order_id: &str) -> anyhow::Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.order_state(order_id).await?;
            if state != "PENDING" || Instant::now() > deadline {
                return Ok(state);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the customer has so much credit; returns what it has in the end.
    pub(crate) async fn wait_for_credit(&self, customer_id: &str, credit: u64) -> anyhow::Result<u64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let available = self.available_credit(customer_id).await?;
            if available == credit || Instant::now() > deadline {
                return Ok(available);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn post(&self, url: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let mut request = self.signed_in(self.http.post(url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn get(&self, url: &str) -> anyhow::Result<Value> {
        Ok(self.signed_in(self.http.get(url)).send().await?.json().await?)
    }

    fn signed_in(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

fn id_in((status, body): (u16, Value)) -> anyhow::Result<String> {
    let id = body["id"].as_str().filter(|_| status == 200);
    id.map(str::to_owned).with_context(|| format!("no id in the answer {status} {body}"))
}
