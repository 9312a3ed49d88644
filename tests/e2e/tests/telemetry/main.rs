//! What the real programs tell of one order: its traces, as a collector gets them, and the metrics of each
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::print_stdout)]

mod collector;
mod function;
mod metrics;
mod rows;
mod way;

use std::path::Path;

use anyhow::ensure;
use e2e::{
    answer::Request,
    eventually::eventually,
    hosts::{Aws, Host as _, Processes, Relays, Variables},
    system::Addresses,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use self::collector::Collector;

/// What a caller sends who traces: its trace, its span, and that it is sampled.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// What the caller's tracing systems have noted for themselves.
const STATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
/// A trace of another caller, which is not sampled.
const UNSAMPLED: &str = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_way_of_an_order_is_told_in_traces_and_metrics() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint.clone();
    let told = move |_: &str, variables: Variables| {
        let scheduled = scheduled(&variables);
        [variables, variables_of(&endpoint), scheduled].concat()
    };
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-telemetry");
    let mut system = Processes::start_told(&logs, Aws::Local, Relays::Tail, &told).await.unwrap();
    let addresses = system.addresses();

    let customer = post(&addresses.customers, "/customers", None, customer()).await;
    let order = json!({"customer_id": customer, "order_total": 1});
    let unsampled = post(&addresses.orders, "/orders", Some(UNSAMPLED.to_owned()), order.clone()).await;
    let traced =
        post(&addresses.orders, "/orders", Some(format!("00-{TRACE}-{CALLER}-01")), order.clone()).await;
    for id in [unsampled, traced] {
        approved(&addresses, id).await;
    }
    metrics::provoke(&addresses).await;
    metrics::check_ports(&logs).await;
    rows::check(&addresses).await;

    // The relays go, and the same order's way begins again behind the function.
    for relay in &mut system.relays {
        relay.terminate().await.unwrap();
    }
    post(&addresses.orders, "/orders", None, order).await;
    let function = function::Function::start("orders", &logs, told("", Vec::new()), &addresses).await;
    let (news, contexts) = function::news(&addresses, "orders-outbox").await;
    function.invoke(news).await;
    way::check_flushed(&collector, &contexts);
    way::check_handled(&collector, &contexts).await;
    function.invoke(json!({"sweep": {"older_than_seconds": 300}})).await;
    function.end();
    metrics::check_lines(&logs).await;
    metrics::check_ids(&logs);

    system.relays.clear();
    system.stop().await.unwrap();
    way::check(&collector, traced);
    way::check_nothing_of_unsampled(&collector, unsampled);
    way::check_calls(&collector);
}

fn variables_of(endpoint: &str) -> Variables {
    [
        ("LOG_FORMAT", "json"),
        ("METRICS_ADDRESS", "127.0.0.1:0"),
        ("METRICS_LOG_SECONDS", "1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A relay of this service moves its scheduled messages, too.
fn scheduled(variables: &Variables) -> Variables {
    let outbox = variables.iter().find(|(name, _)| name == "DYNAMODB_OUTBOX_TABLE_NAME");
    let table = outbox.and_then(|(_, table)| table.strip_suffix("-outbox"));
    let named = table.map(|service| ("SCHEDULED_TABLE_NAME".to_owned(), format!("{service}-scheduled")));
    named.into_iter().collect()
}

fn customer() -> Value {
    json!({"name": "Ada Lovelace", "credit_limit": 1_000_000})
}

async fn post(service: &str, path: &str, traceparent: Option<String>, body: Value) -> Uuid {
    let mut request = Request::new(Method::POST, path).with_body(body.to_string(), Some("application/json"));
    request.headers.extend(traceparent.is_some().then(|| ("tracestate", STATE.to_owned())));
    request.headers.extend(traceparent.map(|text| ("traceparent", text)));
    request.send(&Client::new(), service).await.unwrap().id().unwrap()
}

async fn approved(addresses: &Addresses, order: Uuid) {
    let (http, path) = (Client::new(), format!("/order/{order}"));
    let look = || async {
        let answer = Request::new(Method::GET, &path).send(&http, &addresses.orders).await?;
        ensure!(answer.body["state"] == "APPROVED", "{}", answer.body);
        Ok(())
    };
    eventually(look).await.unwrap();
}
