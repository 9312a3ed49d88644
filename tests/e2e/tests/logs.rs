//! What the services write about a hundred orders, in production's layout, line by line: whoever looks for one order by its correlation
//! id finds every line that is about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{collections::HashMap, path::Path};

use anyhow::ensure;
use e2e::{
    answer::Request,
    eventually::eventually,
    hosts::{Host as _, InProcess},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const ORDERS: usize = 100;

/// The lines that only a consumer writes about a message.
const OF_MESSAGES: &[&str] = &[
    "message_handled",
    "idempotent_consumer__message_already_processed",
    "message_given_back",
    "message_moved_to_dead_letter_queue",
    "credit_reserved",
    "order_decided",
];

/// A consumer's line names its message so.
const IDS_OF_A_MESSAGE: &[&str] = &["correlation_id", "message_id", "sqs_message_id", "kind", "queue"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_request_or_a_message_carries_its_ids() {
    let system = InProcess::start(Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-logs")).await.unwrap();
    let (addresses, http) = (system.addresses(), reqwest::Client::new());
    let post = async |service: &str, path: &str, body: Value| {
        let request = Request::new(Method::POST, path).with_body(body.to_string(), Some("application/json"));
        request.send(&http, service).await.unwrap().id().unwrap()
    };
    let body = json!({"name": "Ada Lovelace", "credit_limit": 1_000_000});
    let customer = post(&addresses.customers, "/customers", body).await;
    for _ in 0..ORDERS {
        post(&addresses.orders, "/orders", json!({"customer_id": customer, "order_total": 1})).await;
    }
    let log = system.logs().join("in_process.log");
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&log).unwrap();
        // The last line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).expect("every line is a JSON object")).collect()
    };
    eventually(|| async {
        let handled = lines().iter().filter(|line| line["event"] == "message_handled").count();
        ensure!(handled >= 2 * ORDERS, "{handled} messages are handled");
        Ok(())
    })
    .await
    .unwrap();
    system.stop().await.unwrap();

    let lines = lines();
    let is_id = |line: &Value, name: &str| line[name].as_str().is_some_and(|id| id.parse::<Uuid>().is_ok());
    let mut conversations: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in &lines {
        let event = line["event"].as_str().unwrap();
        if OF_MESSAGES.contains(&event) {
            for name in IDS_OF_A_MESSAGE {
                assert!(line[*name].as_str().is_some_and(|text| !text.is_empty()), "{name} of {line}");
            }
            assert!(is_id(line, "message_id"), "{line}");
        }
        if OF_MESSAGES.contains(&event) || ["http_request", "order_created"].contains(&event) {
            assert!(is_id(line, "correlation_id"), "{line}");
            conversations.entry(line["correlation_id"].as_str().unwrap()).or_default().push(event);
        }
    }
    let whole = ["http_request", "order_created", "credit_reserved", "order_decided"];
    let told = |events: &&Vec<&str>| whole.iter().all(|event| events.contains(event));
    assert_eq!(conversations.values().filter(told).count(), ORDERS, "orders whose whole way can be found");
    assert_eq!(
        service_kit::correlation::SPAN_TARGET,
        transactional_messaging::consumer::SPAN_TARGET,
        "the filter of one crate lets the spans of the other through"
    );
}
