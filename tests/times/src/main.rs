//! Prints the times that the programs are built with, as JSON: name, seconds, and the file that has the
//! number.
//!
//! `tests/infrastructure/times.py` compares them with those of Terraform, compose and the Dockerfile. They
//! are taken from the crates by depending on them, so what is compared is what runs.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use notifications::sender::{CALL_WITHIN, CLAIM, WHOLE_MAIL};
use outbox_relay::tail::TailSettings;
use serde_json::{Value, json};
use service_kit::RequestLimits;
use service_kit::aws;
use service_kit::router::BODY_TIMEOUT;
use service_kit::server::{IDLE_TIMEOUT, LAST_WORDS};
use transactional_messaging::{
    consumer::{ConsumerSettings, TOLERATED_OUTAGE},
    driver::lambda_consumer::VISIBILITY_FACTOR,
    inbox::DEFAULT_RETENTION,
    limits::{self, RedeliveryHorizon},
    relay::LONGEST_CHAIN,
};

const CONSUMER: &str = "final/transactional-messaging/src/consumer/settings.rs";
const RETENTION: &str = "final/transactional-messaging/src/inbox/retention.rs";
const LIMITS: &str = "final/transactional-messaging/src/limits.rs";
const AWS: &str = "final/service-kit/src/aws.rs";
const TAIL: &str = "final/transactional-messaging/src/driver/tail/mod.rs";

fn main() -> io::Result<()> {
    let times = [calls(), consumer(), services(), function(), tail(), messages()].concat();
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
    let order_timeout = Duration::from_secs(orders::domain::DEFAULT_TIMEOUT_SECONDS.into());
    let order_check = Duration::from_secs(orders::settings::DEFAULT_CHECK_SECONDS.into());
    vec![
        time("service_grace", "final/service/src/running.rs", service::GRACE),
        time("request", "final/service-kit/src/http/limits.rs", RequestLimits::default().deadline),
        time("body", "final/service-kit/src/router.rs", BODY_TIMEOUT),
        time("idle", "final/service-kit/src/server.rs", IDLE_TIMEOUT),
        time("last_words", "final/service-kit/src/server.rs", LAST_WORDS),
        time("health_answer", "final/service-kit/src/health.rs", service_kit::health::PATIENCE),
        time("order_timeout", "final/orders/src/domain.rs", order_timeout),
        time("order_check", "final/orders/src/settings.rs", order_check),
    ]
}

fn function() -> Vec<Value> {
    let sender = "final/notifications/src/sender.rs";
    let factor = Duration::from_secs(VISIBILITY_FACTOR.into());
    vec![
        time("mail_call", sender, CALL_WITHIN),
        time("whole_mail", sender, WHOLE_MAIL),
        time("claim", sender, CLAIM),
        time("visibility_factor", "final/transactional-messaging/src/driver/lambda_consumer/mod.rs", factor),
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
        time("horizon", LIMITS, horizon.sum().unsigned_abs()),
        time("stream_of_horizon", LIMITS, horizon.stream.unsigned_abs()),
        time("made_visibility", LIMITS, limits::VISIBILITY.unsigned_abs()),
        time("made_queue", LIMITS, limits::QUEUE_RETENTION.unsigned_abs()),
        time("made_dead_letters", LIMITS, limits::DEAD_LETTER_RETENTION.unsigned_abs()),
    ]
}
