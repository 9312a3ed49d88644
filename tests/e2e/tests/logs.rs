//! What the services write about a hundred orders, in production's layout, line by line: whoever looks for
//! one order by its correlation id finds every line that is about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{collections::HashMap, path::Path};

use anyhow::ensure;
use e2e::{
    answer::Request,
    eventually::eventually,
    hosts::{Aws, Host as _, InProcess, Processes, Relays, Variables},
    system::Addresses,
};
use reqwest::Method;
use serde_json::{Value, json};
use shop::SERVICES;
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

/// The lines that a request writes.
const OF_REQUESTS: &[&str] = &["http_request", "order_created"];

/// A consumer's line names its message so.
const IDS_OF_A_MESSAGE: &[&str] = &["correlation_id", "message_id", "sqs_message_id", "kind", "queue"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_request_or_a_message_carries_its_ids() {
    let system = InProcess::start(Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-logs")).await.unwrap();
    place_orders(&system.addresses()).await;
    let log = system.logs().join("in_process.log");
    eventually(|| async { all_are_handled(text(&log).matches(HANDLED).count()) }).await.unwrap();
    system.stop().await.unwrap();
    check_json([text(&log)].iter());
    assert_eq!(
        service_kit::logging::SPAN_TARGET,
        transactional_messaging::consumer::SPAN_TARGET,
        "the filter of one crate lets the spans of the other through"
    );
}

/// The real programs with the lines that they write in production. Production itself would send nothing to an
/// AWS on this machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_every_line_of_the_real_programs_as_json() {
    let logs = logs_of_the_programs("e2e-logs-json", Some("json")).await;
    check_json(logs.iter());
}

/// And with the lines that they write at a desk: an event, where it stands, and a line for each span around
/// it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_every_entry_of_the_real_programs_at_a_desk() {
    let logs = logs_of_the_programs("e2e-logs-pretty", None).await;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for entry in logs.iter().flat_map(|log| log.split("\n\n")) {
        let first = entry.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let Some((_, told)) = first.split_once(": ") else { continue };
        let event = told.split(',').next().unwrap_or_default();
        let of_messages = OF_MESSAGES.iter().find(|known| **known == event);
        let of_requests = OF_REQUESTS.iter().find(|known| **known == event);
        let ids = if of_messages.is_some() { IDS_OF_A_MESSAGE } else { &IDS_OF_A_MESSAGE[..1] };
        let Some(known) = of_messages.or(of_requests) else { continue };
        for name in ids {
            assert!(entry.contains(&format!("{name}: ")), "{name} of {entry}");
        }
        *seen.entry(known).or_default() += 1;
    }
    for event in ["message_handled", "order_created", "credit_reserved", "order_decided"] {
        assert!(seen.get(event).is_some_and(|times| *times >= ORDERS), "{event}: {seen:?}");
    }
}

const HANDLED: &str = "message_handled";

async fn logs_of_the_programs(name: &str, format: Option<&str>) -> [String; 3] {
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let told = |_: &str, mut variables: Variables| {
        variables.extend(format.map(|format| ("LOG_FORMAT".to_owned(), format.to_owned())));
        variables
    };
    let system = Processes::start_told(&logs, Aws::Local, Relays::Tail, told).await.unwrap();
    place_orders(&system.addresses()).await;
    let read = || SERVICES.map(|service| text(&logs.join(format!("{}.log", service.name))));
    eventually(|| async { all_are_handled(read().iter().map(|log| log.matches(HANDLED).count()).sum()) })
        .await
        .unwrap();
    system.stop().await.unwrap();
    read()
}

async fn place_orders(addresses: &Addresses) {
    let http = reqwest::Client::new();
    let post = async |service: &str, path: &str, body: Value| {
        let request = Request::new(Method::POST, path).with_body(body.to_string(), Some("application/json"));
        request.send(&http, service).await.unwrap().id().unwrap()
    };
    let body = json!({"name": "Ada Lovelace", "credit_limit": 1_000_000});
    let customer = post(&addresses.customers, "/customers", body).await;
    for _ in 0..ORDERS {
        post(&addresses.orders, "/orders", json!({"customer_id": customer, "order_total": 1})).await;
    }
}

/// Without the last line, which may be half written.
fn text(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap();
    text.rsplit_once('\n').map_or(String::new(), |(whole, _)| whole.to_owned())
}

fn all_are_handled(handled: usize) -> anyhow::Result<()> {
    // Each order by all three services, and the customer by notifications.
    ensure!(handled > 3 * ORDERS, "{handled} messages are handled");
    Ok(())
}

fn check_json<'a>(logs: impl Iterator<Item = &'a String>) {
    let lines = logs.flat_map(|log| log.lines());
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str(line).expect("every line is a JSON object")).collect();
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
        if OF_MESSAGES.contains(&event) || OF_REQUESTS.contains(&event) {
            assert!(is_id(line, "correlation_id"), "{line}");
            conversations.entry(line["correlation_id"].as_str().unwrap()).or_default().push(event);
        }
    }
    let whole = ["http_request", "order_created", "credit_reserved", "order_decided"];
    let told = |events: &&Vec<&str>| whole.iter().all(|event| events.contains(event));
    assert_eq!(conversations.values().filter(told).count(), ORDERS, "orders whose whole way can be found");
}
