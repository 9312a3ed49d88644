//! Orders through the shop, a process of its own, over HTTP and in real time: how long one takes when nothing
//! else goes on, and how many a second go through when many are on their way, from the first to the last.

use std::{
    fmt::Write as _,
    net::TcpListener,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Value, json};

use crate::programs::{Running, released};

/// Orders that are placed one after the other, each with the time before it in which nothing goes on.
const ALONE: usize = 21;
const REST: Duration = Duration::from_millis(500);
/// How often an order is looked at that is alone, and one of many: these looks must not be the load.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_AMONG_MANY: Duration = Duration::from_millis(50);
/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rates that are told, each of an equal part of the orders.
const PARTS: u32 = 10;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Saga {
    /// The time from the request until the order is approved, in milliseconds: the median of those alone.
    pub idle_p50_ms: f64,
    /// The longest of them.
    pub idle_max_ms: f64,
    /// Orders that were approved in a second, for each tenth of all.
    pub a_second: Vec<f64>,
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    customers: String,
    orders: String,
}

/// Places so many orders, so many of which are on their way at any time, after some that are alone.
///
/// # Errors
///
/// When the shop is not built beside this program, does not start, or an order is not approved.
pub async fn measure(orders: u32, in_flight: u32) -> Result<Saga> {
    let ports = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    let [customers, orders_port] = [ports[0].local_addr()?.port(), ports[1].local_addr()?.port()];
    drop(ports);
    let (one, other) = (customers.to_string(), orders_port.to_string());
    let shop = Command::new(released("shop")?)
        .args(["--no-page", "--customers-port", &one, "--orders-port", &other])
        .env_remove("AWS_ENDPOINT_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let _shop = Running(shop);
    let url = |port| format!("http://127.0.0.1:{port}");
    let client = Client { http: reqwest::Client::new(), customers: url(customers), orders: url(orders_port) };
    client.ready().await?;
    let mut alone = client.alone().await?;
    alone.sort_by(f64::total_cmp);
    let a_second = client.together(orders, in_flight).await?;
    Ok(Saga { idle_p50_ms: alone[alone.len() / 2], idle_max_ms: alone[alone.len() - 1], a_second })
}

impl Client {
    async fn ready(&self) -> Result<()> {
        let begun = Instant::now();
        for url in [format!("{}/customers/health", self.customers), format!("{}/orders/health", self.orders)]
        {
            while self.http.get(&url).send().await.is_err() {
                ensure!(begun.elapsed() < PATIENCE, "the shop did not start");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    async fn post(&self, url: String, body: Value) -> Result<String> {
        let answer = self.http.post(url).json(&body).send().await?.error_for_status()?;
        Ok(answer.json::<Value>().await?["id"].as_str().context("an answer without an id")?.to_owned())
    }

    async fn customer(&self) -> Result<String> {
        let body = json!({"name": "Ada", "credit_limit": 1_000_000_000});
        self.post(format!("{}/customers", self.customers), body).await
    }

    /// Places an order and waits until it is approved.
    async fn order(&self, customer: &str, look: Duration) -> Result<Duration> {
        let begun = Instant::now();
        let body = json!({"customer_id": customer, "order_total": 1});
        let id = self.post(format!("{}/orders", self.orders), body).await?;
        loop {
            let order = self.http.get(format!("{}/order/{id}", self.orders)).send().await?;
            match order.json::<Value>().await?["state"].as_str() {
                Some("APPROVED") => return Ok(begun.elapsed()),
                Some("PENDING") if begun.elapsed() < PATIENCE => tokio::time::sleep(look).await,
                state => anyhow::bail!("an order was {state:?} after {:?}", begun.elapsed()),
            }
        }
    }

    async fn alone(&self) -> Result<Vec<f64>> {
        let customer = self.customer().await?;
        let bar = ProgressBar::new(ALONE as u64);
        let mut times = Vec::new();
        for _ in 0..ALONE {
            tokio::time::sleep(REST).await;
            times.push(self.order(&customer, LOOK).await?.as_secs_f64() * 1e3);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(times)
    }

    async fn together(&self, orders: u32, in_flight: u32) -> Result<Vec<f64>> {
        let bar = ProgressBar::new(orders.into());
        let (placed, begun) = (Arc::new(AtomicU32::new(0)), Instant::now());
        let one_after_the_other = |_| {
            let (placed, bar) = (Arc::clone(&placed), bar.clone());
            async move {
                let customer = self.customer().await?;
                let mut ends = Vec::new();
                while placed.fetch_add(1, Ordering::Relaxed) < orders {
                    self.order(&customer, LOOK_AMONG_MANY).await?;
                    ends.push(begun.elapsed());
                    bar.inc(1);
                }
                anyhow::Ok(ends)
            }
        };
        let mut ends = try_join_all((0..in_flight).map(one_after_the_other)).await?.concat();
        bar.finish_and_clear();
        ends.sort();
        let mut before = Duration::ZERO;
        let part = ends.chunks(ends.len().div_ceil(PARTS as usize).max(1)).map(|part| {
            let end = part.last().copied().unwrap_or_default();
            let rate = part.len() as f64 / (end - before).as_secs_f64();
            before = end;
            rate
        });
        Ok(part.collect())
    }
}

impl Saga {
    /// The findings as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "idle: p50 {:.0} ms, at most {:.0} ms, looked at each millisecond\n",
            self.idle_p50_ms, self.idle_max_ms
        );
        text.push_str("orders a second, each tenth of them:");
        for rate in &self.a_second {
            let _ = write!(text, " {rate:.0}");
        }
        text + "\n"
    }
}
