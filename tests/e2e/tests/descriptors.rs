//! A process whose file descriptors are used up by connections from outside: its consumers go on all the same.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{path::Path, time::Duration};

use anyhow::ensure;
use e2e::{
    eventually::within,
    hosts::{Aws, Host as _, Processes, Relays},
};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// How many descriptors the customers service may have: what a process has where nobody gave it more.
const DESCRIPTORS: u64 = 1_024;
/// More connections than that.
const CONNECTIONS: usize = 1_300;
const ORDERS: usize = 40;
/// Before a message that could not be handled has come again twice.
const UNTIL_ALL_IS_DECIDED: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_do_nothing_leave_the_consumers_their_descriptors() {
    // This process holds the other ends.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-descriptors");
    let processes = Processes::start(logs, Aws::Local, Relays::Tail).await.unwrap();
    let (addresses, http) = (processes.addresses(), reqwest::Client::new());
    let post = async |url: String, body: Value| -> anyhow::Result<Value> {
        Ok(http.post(url).json(&body).send().await?.error_for_status()?.json().await?)
    };
    let body = json!({"name": "Ada", "credit_limit": 1_000_000});
    let customer = post(format!("{}/customers", addresses.customers), body).await.unwrap();
    processes.customers.limit_descriptors(DESCRIPTORS).unwrap();
    let address = addresses.customers.trim_start_matches("http://").to_owned();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        // The backlog of a socket that accepts no more is full at some time, and then a connection waits.
        let connecting = TcpStream::connect(&address);
        connections.extend(tokio::time::timeout(Duration::from_millis(500), connecting).await);
    }
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        let body = json!({"customer_id": customer["id"], "order_total": 7});
        orders.push(post(format!("{}/orders", addresses.orders), body).await.unwrap());
    }
    let decided = async || {
        for order in &orders {
            let url = format!("{}/order/{}", addresses.orders, order["id"].as_str().unwrap_or_default());
            let order: Value = http.get(url).send().await?.error_for_status()?.json().await?;
            ensure!(order["state"] == "APPROVED", "{order}");
        }
        Ok(())
    };
    within(UNTIL_ALL_IS_DECIDED, decided).await.unwrap();
    drop(connections);
    processes.stop().await.unwrap();
}
