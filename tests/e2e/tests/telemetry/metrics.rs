//! The metrics of the real programs, on their ports and in their log lines, against the table.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, ensure};
use e2e::{eventually::eventually, system::Addresses};
use serde_json::{Value, json};
use service::telemetry::table::{Kind, METRICS, Metric, Values};
use shop::SERVICES;
use uuid::Uuid;

/// Who has a port and a log: each service, and its relay.
fn programs() -> impl Iterator<Item = String> {
    SERVICES.iter().flat_map(|service| {
        let relay = service.publishes().then(|| format!("relay-of-{}", service.name));
        relay.into_iter().chain([service.name.to_owned()])
    })
}

/// What no order brings about: a letter that nobody can read, a duplicate, and a message about an order that
/// is not there yet.
pub(crate) async fn provoke(addresses: &Addresses) {
    let sqs = aws_sdk_sqs::Client::new(&addresses.sdk);
    let send = async |queue: &str, body: String| {
        let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
        sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    };
    send("order--customer-credit-reserved", "no envelope".to_owned()).await;
    let message = sent(addresses, "customers-sent", "CustomerCreditReserved").await;
    send("order--customer-credit-reserved", message.to_string()).await;
    let mut early = message;
    let (id, order) = (Uuid::from_u128(1), Uuid::from_u128(2).to_string());
    let subject = early["subject"].as_str().unwrap().rsplit_once('/').unwrap().0.to_owned();
    (early["id"], early["subject"], early["data"]["order_id"]) =
        (json!(id), json!(format!("{subject}/{order}")), json!(order));
    send("order--customer-credit-reserved", early.to_string()).await;
}

async fn sent(addresses: &Addresses, table: &str, kind: &str) -> Value {
    let dynamodb = aws_sdk_dynamodb::Client::new(&addresses.sdk);
    let find = || async {
        let items = dynamodb.scan().table_name(table).consistent_read(true).send().await?;
        let found = items
            .items()
            .iter()
            .find(|item| item.get("Kind").is_some_and(|k| k.as_s().is_ok_and(|k| k == kind)));
        let message = found.and_then(|item| item["Message"].as_s().ok()).context("it was not sent")?;
        Ok(serde_json::from_str(message)?)
    };
    eventually(find).await.unwrap()
}

/// What a sweep finds is told by the function; what needs a fault that these programs are not given is seen
/// by the tests of their crates.
const NOT_HERE: [&str; 6] = [
    "outbox.parked.subjects",
    "outbox.pending.age",
    "outbox.pending.messages",
    "outbox.repeated.messages",
    "unit_of_work.conflicts",
    "unit_of_work.unknown_outcomes",
];

/// Each documented metric appears, none is undocumented, and no label has a value that the table does not
/// allow.
pub(crate) async fn check_ports(logs: &Path) {
    let names: BTreeMap<_, _> = METRICS.iter().map(|metric| (metric.prometheus_name(), metric)).collect();
    let wanted: BTreeSet<_> =
        METRICS.iter().map(|metric| metric.name).filter(|name| !NOT_HERE.contains(name)).collect();
    let look = || async {
        let mut seen = BTreeSet::new();
        for log in programs() {
            let served = lines(&logs.join(format!("{log}.log")), "metrics_served");
            let address = served.first().and_then(|line| line["address"].as_str());
            let address = address.with_context(|| format!("{log} serves none yet"))?;
            let text = reqwest::get(format!("http://{address}/metrics")).await?.text().await?;
            seen.extend(text.lines().filter(|line| !line.starts_with('#')).map(|line| checked(line, &names)));
        }
        let missing: Vec<_> = wanted.difference(&seen).collect();
        ensure!(missing.is_empty(), "nobody has told of {missing:?}");
        Ok(())
    };
    eventually(look).await.unwrap();
}

fn checked(line: &str, names: &BTreeMap<String, &'static Metric>) -> &'static str {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let plain = ["_bucket", "_sum", "_count"].iter().find_map(|end| names.get(name.strip_suffix(end)?));
    let metric = names.get(name).or(plain).unwrap_or_else(|| panic!("{line} is not in the table"));
    assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
    let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
    for (label, value) in
        labels.map(|label| label.split_once('=').unwrap()).filter(|(label, _)| *label != "le")
    {
        let known = metric.labels.iter().find(|known| known.name.replace('.', "_") == label);
        let known = known.unwrap_or_else(|| panic!("{line}: the table knows no {label}"));
        if let Values::Of(values) = known.values {
            assert!(values.contains(&value.trim_matches('"')), "{line}: {values:?}");
        }
    }
    metric.name
}

/// The lines for CloudWatch of services and function: each names what it holds, and the gauges of a sweep are
/// among them.
pub(crate) async fn check_lines(logs: &Path) {
    let wanted: BTreeSet<_> =
        METRICS.iter().map(|metric| metric.name).filter(|name| !NOT_HERE[3..].contains(name)).collect();
    // They are written once a second.
    let look = || async {
        let seen = told_in_lines(logs);
        let missing: Vec<_> = wanted.difference(&seen).collect();
        ensure!(missing.is_empty(), "nobody has told of {missing:?}");
        Ok(())
    };
    eventually(look).await.unwrap();
}

/// The metrics in the lines so far, each of which is as it should be.
fn told_in_lines(logs: &Path) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    for log in programs().chain(["function".to_owned()]) {
        let path = logs.join(format!("{log}.log"));
        assert!(lines(&path, "metric_not_counted").is_empty(), "{log} tells what is not in the table");
        for line in lines(&path, "metrics") {
            let told = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(told["Namespace"], "TransactionalMessaging/development", "{line}");
            for dimension in told["Dimensions"][0].as_array().unwrap() {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension} of {line}");
            }
            for metric in told["Metrics"].as_array().unwrap() {
                let known = METRICS.iter().find(|known| metric["Name"] == known.name).unwrap();
                let value = &line[known.name];
                let is_spread = value["Values"].as_array().is_some_and(|values| !values.is_empty());
                assert_eq!(is_spread, known.kind == Kind::Histogram, "{line}");
                assert!(is_spread || value.is_number(), "{line}");
                seen.insert(known.name);
            }
        }
    }
    seen
}

/// With traces on, too, a line about a message says which, and has no attribute of a span that is for traces.
pub(crate) fn check_ids(logs: &Path) {
    for (log, event) in
        [("customers", "credit_reserved"), ("customers", "message_handled"), ("orders", "order_created")]
    {
        let told = lines(&logs.join(format!("{log}.log")), event);
        assert!(!told.is_empty(), "{event} is not in {log}");
        for line in told {
            assert!(line["correlation_id"].is_string(), "{line}");
            let keys: Vec<_> = line.as_object().unwrap().keys().collect();
            assert!(
                !keys.iter().any(|key| key.starts_with("otel.") || key.starts_with("messaging.")),
                "{line}"
            );
        }
    }
}

/// The whole lines of a log with this event.
fn lines(log: &Path, event: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let all = whole.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(|line| line["event"] == event).collect()
}
