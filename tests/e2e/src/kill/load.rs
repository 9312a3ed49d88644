//! The load: clients that create customers, place orders and cancel some of them, and repeat a request until
//! it is answered.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    answer::{Answer, Request},
    system::Addresses,
};
use anyhow::ensure;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many clients work at once.
const CLIENTS: usize = 6;
/// How many orders a client places for one customer; about six are within the limit.
const ORDERS: u64 = 10;
const LIMIT: u64 = 100_000;
/// A customer that does not exist.
pub(super) const NOBODY: Uuid = Uuid::from_u128(0xdead);

/// How long a client waits for its orders to be decided before it goes on: they are on their way all the
/// same.
const PATIENCE: Duration = Duration::from_secs(10);
/// A process is away for well under a second, but the machine may be busy.
const GIVE_UP: Duration = Duration::from_secs(120);

/// An order that was confirmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) id: Uuid,
    pub(super) customer: Uuid,
    pub(super) total: u64,
}

/// What the clients did and were told.
#[derive(Debug)]
pub(super) struct Load {
    http: Client,
    customers_url: String,
    orders_url: String,
    stop: CancellationToken,
    placed: Mutex<Vec<Placed>>,
    cancelled: Mutex<Vec<Uuid>>,
    requests: AtomicUsize,
}

impl Load {
    pub(super) fn new(addresses: &Addresses, stop: CancellationToken) -> anyhow::Result<Self> {
        Ok(Self {
            http: Client::builder().timeout(Duration::from_secs(10)).build()?,
            customers_url: addresses.customers.clone(),
            orders_url: addresses.orders.clone(),
            stop,
            placed: Mutex::default(),
            cancelled: Mutex::default(),
            requests: AtomicUsize::new(0),
        })
    }

    /// All orders that were confirmed.
    pub(super) fn placed(&self) -> Vec<Placed> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All orders whose cancellation was confirmed.
    pub(super) fn cancelled(&self) -> Vec<Uuid> {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests were sent to change something, repeated ones too.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Works until it is stopped, and then finishes what it has begun.
    pub(super) async fn run(self: Arc<Self>) -> anyhow::Result<()> {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let load = Arc::clone(&self);
            clients.spawn(async move {
                let mut round = 0;
                while !load.stop.is_cancelled() {
                    load.serve_customer(&format!("{client}-{round}")).await?;
                    round += 1;
                }
                anyhow::Ok(())
            });
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(())
    }

    /// A customer's whole story: created, ten orders, two at a time; some of those that are approved are
    /// cancelled.
    async fn serve_customer(&self, key: &str) -> anyhow::Result<()> {
        let body = json!({"name": "Ada Lovelace", "credit_limit": LIMIT});
        let customer = self.post(&self.customers_url, "/customers", key, &body).await?;
        for pair in 0..ORDERS / 2 {
            tokio::try_join!(self.order(key, customer, pair * 2), self.order(key, customer, pair * 2 + 1))?;
        }
        self.order(key, NOBODY, ORDERS).await?;
        let own: Vec<_> = self.placed().into_iter().filter(|order| order.customer == customer).collect();
        let until = Instant::now() + PATIENCE;
        for order in own.iter().step_by(3) {
            if self.is_approved_before(until, order.id).await {
                let path = format!("/order/{}/cancel", order.id);
                self.post(&self.orders_url, &path, &format!("{key}-cancel"), &json!({})).await?;
                self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).push(order.id);
            }
        }
        Ok(())
    }

    async fn order(&self, key: &str, customer: Uuid, number: u64) -> anyhow::Result<()> {
        let total = 10_000 + 1_500 * number;
        let body = json!({"customer_id": customer, "order_total": total});
        let id = self.post(&self.orders_url, "/orders", &format!("{key}-{number}"), &body).await?;
        let mut placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        placed.push(Placed { id, customer, total });
        Ok(())
    }

    /// Whether the order is approved, waiting for a decision.
    async fn is_approved_before(&self, until: Instant, order: Uuid) -> bool {
        let look = Request::new(Method::GET, format!("/order/{order}"));
        while Instant::now() < until && !self.stop.is_cancelled() {
            match look.send(&self.http, &self.orders_url).await.ok().map(|answer| answer.body) {
                Some(body) if body["state"] == "APPROVED" => return true,
                Some(body) if body["state"].is_string() && body["state"] != "PENDING" => return false,
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        false
    }

    /// Sends a request until it is answered; its key makes that harmless. Only a success will do.
    async fn post(&self, service: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Uuid> {
        let mut request =
            Request::new(Method::POST, path).with_body(body.to_string(), Some("application/json"));
        request.headers.push(("Idempotency-Key", key.to_owned()));
        let until = Instant::now() + GIVE_UP;
        loop {
            self.requests.fetch_add(1, Ordering::Relaxed);
            match request.send(&self.http, service).await {
                Ok(Answer { status: 409 | 503, .. }) | Err(_) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                answer => {
                    let answer = answer?;
                    ensure!(
                        answer.status == 200,
                        "{path} with {body} was answered with {} {}",
                        answer.status,
                        answer.body
                    );
                    return answer.id();
                }
            }
        }
    }
}
