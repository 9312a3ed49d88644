//! What the function needs of IAM where things go wrong: each queue gives a message back, and buries another.
//! The scenarios note what a run without faults needs; `scripts/check-infrastructure` compares both with the
//! role in `terraform/modules/lambda-consumer`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::{path::Path, time::Duration};

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_sqs::Client as Sqs;
use aws_types::SdkConfig;
use local_aws::{
    InMemoryAws,
    mapping::{QueueMapping, QueueSettings},
};
use notifications::{
    service::{self, Settings},
    wiring::wiring,
};
use permissions::CallLog;
use serde_json::{Value, json};
use service_kit::Environment;
use support::queues;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    channels::Channels, driver::lambda_consumer::LambdaConsumer, provision::ensure_service,
};
use uuid::Uuid;

/// A message that its queue's handler understands.
fn message(kind: &str) -> String {
    let (id, order) = (Uuid::from_u128(1), Uuid::from_u128(7));
    let (source, subject) = match kind {
        "CustomerCreated" => ("/customers", format!("customer/{id}")),
        _ => ("/orders", format!("order/{order}")),
    };
    json!({
        "specversion": "1.0", "id": id, "source": source, "type": kind, "subject": subject,
        "time": "2026-11-28T11:59:00+00:00", "sequence": "1", "correlationid": id,
        "data": {"customer_id": id, "order_id": order},
    })
    .to_string()
}

fn settings() -> Settings {
    let told = [
        ("ENVIRONMENT", "development"),
        ("AWS_REGION", "us-east-1"),
        ("DYNAMODB_NOTIFICATIONS_TABLE_NAME", "notifications"),
        ("DYNAMODB_INBOX_TABLE_NAME", "notifications-inbox"),
    ];
    Environment::from_iter(told).read(Settings::read).unwrap()
}

/// The function of a process that knows AWS in this way, behind mappings that run under its role.
async fn map(aws: &InMemoryAws, noted: &SdkConfig, stop: &CancellationToken) {
    let ambient = support::ambient::of(aws, 1);
    let notifications = service::use_cases(::service::database(noted), &settings(), ambient).unwrap();
    let (sqs, queues) = (Sqs::new(noted), wiring::<unit_of_work::DynamoDb>().description().consumes);
    let names = ("", Channels::Standard);
    let opened = LambdaConsumer::open(&sqs, names, wiring(), notifications, Duration::from_secs(5)).await;
    let consumer = opened.unwrap();
    for consumes in queues {
        let url = queues::url(&sqs, &consumes.queue).await;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{}", consumes.queue);
        let settings = QueueSettings { report_batch_item_failures: true, ..QueueSettings::default() };
        let mapping = QueueMapping::new(sqs.clone(), url, arn, settings);
        let (consumer, stop) = (consumer.clone(), stop.clone());
        let function = move |event: Value| {
            let consumer = consumer.clone();
            async move {
                let batch = serde_json::from_value(event).map_err(|error| error.to_string())?;
                Ok::<_, String>(json!(consumer.handle(batch).await))
            }
        };
        tokio::spawn(async move { mapping.run(function, stop).await.unwrap() });
    }
}

#[tokio::test(start_paused = true)]
async fn needs_are_noted() {
    let (aws, log, stop) = (InMemoryAws::new().unwrap(), CallLog::default(), CancellationToken::new());
    let (plain, noted) = (aws.sdk_config(), log.noted(&aws.sdk_config(), "notifications"));
    let (dynamodb, sqs, sns) = (DynamoDb::new(&plain), Sqs::new(&plain), aws_sdk_sns::Client::new(&plain));
    let resources = service::resources(&settings());
    ensure_service(&dynamodb, &sns, &sqs, &resources).await.unwrap();
    // What cannot be stored comes again.
    dynamodb.delete_table().table_name("notifications-inbox").send().await.unwrap();
    let consumed = wiring::<unit_of_work::DynamoDb>().description().consumes;
    for consumes in &consumed {
        queues::send(&sqs, &consumes.queue, &message(&consumes.kind)).await;
        queues::send(&sqs, &consumes.queue, "the rest is silence").await;
    }
    map(&aws, &noted, &stop).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure_service(&dynamodb, &sns, &sqs, &resources).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60 * 60)).await;
    stop.cancel();
    let calls = log.calls();
    for consumes in consumed {
        let (queue, buried) = (&consumes.queue, format!("{}--dlq", consumes.queue));
        assert_eq!(queues::counts(&sqs, queue).await, (0, 0), "{queue}");
        assert_eq!(queues::take(&sqs, &buried).await.len(), 1, "{buried}");
        let was_hidden = calls.iter().any(|(_, need, _)| {
            need.action == "sqs:ChangeMessageVisibility" && need.resource.ends_with(&format!(":{queue}"))
        });
        assert!(was_hidden, "nothing was given back to {queue}");
    }
    log.write(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("calls/function.tsv")).unwrap();
}
