//! Prints the times that the programs are built with, as JSON: name, seconds, and the file that has the number.
//!
//! `tests/infrastructure/times.py` compares them with those of Terraform, compose and the Dockerfile. They are taken from the crates by
//! depending on them, so what is compared is what runs.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use outbox_relay::tail::TailSettings;
use serde_json::{Value, json};
use service_kit::RequestLimits;
use service_kit::aws;
use service_kit::http::BODY_TIMEOUT;
use service_kit::server::{IDLE_TIMEOUT, LAST_WORDS};
use transactional_messaging::{
    consumer::{ConsumerSettings, TOLERATED_OUTAGE},
    inbox::{DEFAULT_RETENTION, RedeliveryHorizon},
    provision,
    relay::LONGEST_CHAIN,
};

const CONSUMER: &str = "final/transactional-messaging/src/consumer/settings.rs";
const RETENTION: &str = "final/transactional-messaging/src/inbox/retention.rs";
const BROKER: &str = "final/transactional-messaging/src/provision/broker.rs";
const AWS: &str = "final/service-kit/src/aws.rs";
const TAIL: &str = "final/outbox-relay/src/tail/mod.rs";

fn main() -> io::Result<()> {
    let times = [calls(), consumer(), services(), tail(), messages()].concat();
    writeln!(io::stdout(), "{}", Value::Array(times))
}

fn time(name: &str, file: &str, time: Duration) -> Value {
    json!({ "name": name, "seconds": time.as_secs_f64(), "file": file })
}

fn calls() -> Vec<Value> {
    vec![
        time("connect", AWS, aws::CONNECT_TIMEOUT),
        time("sqs_attempt", AWS, aws::ATTEMPT_TIMEOUT),
        time("sqs_call", AWS, aws::OPERATION_TIMEOUT),
        time("dynamodb_attempt", AWS, aws::DYNAMODB_ATTEMPT_TIMEOUT),
        time("dynamodb_call", AWS, aws::DYNAMODB_OPERATION_TIMEOUT),
    ]
}

fn consumer() -> Vec<Value> {
    let settings = ConsumerSettings::default();
    vec![
        time("poll", CONSUMER, settings.wait),
        time("last_receive", CONSUMER, settings.last_receive),
        time("consumer_grace", CONSUMER, settings.grace),
        time("give_back", CONSUMER, settings.give_back),
        time("consumer_stop", CONSUMER, settings.longest_stop()),
        time("message_deadline", CONSUMER, settings.deadline),
        time("tolerated_outage", "final/transactional-messaging/src/consumer/health.rs", TOLERATED_OUTAGE),
    ]
}

fn services() -> Vec<Value> {
    let order_timeout = Duration::from_secs(orders::use_cases::DEFAULT_TIMEOUT_SECONDS.into());
    let order_check = Duration::from_secs(orders::service::DEFAULT_CHECK_SECONDS.into());
    vec![
        time("customers_grace", "final/customers/src/service.rs", customers::service::GRACE),
        time("orders_grace", "final/orders/src/service.rs", orders::service::GRACE),
        time("request", "final/service-kit/src/http/limits.rs", RequestLimits::default().deadline),
        time("body", "final/service-kit/src/http/router.rs", BODY_TIMEOUT),
        time("idle", "final/service-kit/src/server.rs", IDLE_TIMEOUT),
        time("last_words", "final/service-kit/src/server.rs", LAST_WORDS),
        time("health_answer", "final/service-kit/src/health.rs", service_kit::health::PATIENCE),
        time("order_timeout", "final/orders/src/use_cases.rs", order_timeout),
        time("order_check", "final/orders/src/service.rs", order_check),
    ]
}

fn tail() -> Vec<Value> {
    let settings = TailSettings::default();
    vec![
        time("tail_sweep", TAIL, settings.sweep),
        time("tail_grace", TAIL, outbox_relay::tail::GRACE),
        time("relay_chain", "final/transactional-messaging/src/relay/dispatch.rs", LONGEST_CHAIN),
    ]
}

fn messages() -> Vec<Value> {
    let horizon = RedeliveryHorizon::STANDARD;
    vec![
        time("inbox", RETENTION, DEFAULT_RETENTION.duration().unsigned_abs()),
        time("horizon", RETENTION, horizon.sum().unsigned_abs()),
        time("stream_of_horizon", RETENTION, horizon.stream.unsigned_abs()),
        time("made_visibility", BROKER, provision::VISIBILITY.unsigned_abs()),
        time("made_queue", BROKER, provision::QUEUE_RETENTION.unsigned_abs()),
        time("made_dead_letters", BROKER, provision::DEAD_LETTER_RETENTION.unsigned_abs()),
    ]
}
