//! The service as a Lambda function: the driver of the library behind simulated event source mappings, with
//! the real handlers.

use std::time::Duration;

use local_aws::{
    InMemoryAws,
    mapping::{QueueMapping, QueueSettings},
};
use notifications::{
    domain::{Decision, State},
    service,
    settings::InDoubt,
    use_cases::Notifications,
    wiring::wiring,
};
use serde_json::{Value, json};
use support::queues;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    channels::Channels, driver::lambda_consumer::LambdaConsumer, provision::ensure_service,
};
use unit_of_work::DynamoDb;

use crate::desk::{APPROVED, Desk, created, decided, pass, settings};

const QUEUES: [&str; 4] = [
    "notification--customer-created",
    "notification--order-approved",
    "notification--order-rejected",
    "notification--order-cancelled",
];

/// Everything the service needs, and its sender.
async fn deployed() -> Desk {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    ensure_service(&dynamodb, &sns, &sqs, &service::resources(&settings(InDoubt::Send))).await.unwrap();
    let ses = notifications::provider::Ses::new(&config);
    Desk::process(&aws, &config, std::sync::Arc::new(ses), InDoubt::Send, 1)
}

async fn open(desk: &Desk, timeout: u64) -> Result<LambdaConsumer<Notifications<DynamoDb>>, String> {
    let sqs = aws_sdk_sqs::Client::new(&desk.config);
    let names = ("", Channels::Standard);
    let timeout = Duration::from_secs(timeout);
    let opened = LambdaConsumer::open(&sqs, names, wiring(), desk.notifications.clone(), timeout).await;
    opened.map_err(|error| format!("{error}: {}", error.source))
}

/// One mapping for each queue, all of one function.
async fn map(desk: &Desk, consumer: &LambdaConsumer<Notifications<DynamoDb>>, stop: &CancellationToken) {
    let sqs = aws_sdk_sqs::Client::new(&desk.config);
    for queue in QUEUES {
        let url = queues::url(&sqs, queue).await;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
        let settings = QueueSettings { report_batch_item_failures: true, ..QueueSettings::default() };
        let mapping = QueueMapping::new(sqs.clone(), url, arn, settings);
        let (consumer, stop) = (consumer.clone(), stop.clone());
        tokio::spawn(async move {
            let function = move |event: Value| {
                let consumer = consumer.clone();
                async move {
                    let batch = serde_json::from_value(event).map_err(|error| error.to_string())?;
                    Ok::<_, String>(json!(consumer.handle(batch).await))
                }
            };
            mapping.run(function, stop).await.unwrap();
        });
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_handlers_behind_mappings_send_the_same_mails_and_bury_what_is_no_message() {
    let desk = deployed().await;
    let (consumer, stop) = (open(&desk, 5).await.unwrap(), CancellationToken::new());
    map(&desk, &consumer, &stop).await;
    let sqs = aws_sdk_sqs::Client::new(&desk.config);
    let poison = ("notification--order-approved", "the rest is silence".to_owned());
    for (queue, body) in [created(Some("ada@example.com")), decided(2, Decision::Approved), poison] {
        queues::send(&sqs, queue, &body).await;
    }
    pass(Duration::from_secs(5)).await;
    desk.send_for(1).await;
    assert_eq!((desk.mail(APPROVED).await.state, desk.delivered().len()), (State::Sent, 1));
    for queue in QUEUES {
        assert_eq!(queues::counts(&sqs, queue).await, (0, 0), "{queue}");
    }
    let letters = queues::take(&sqs, "notification--order-approved--dlq").await;
    assert_eq!(letters.len(), 1);
    let reason = letters[0].message_attributes().unwrap()["reason"].string_value().unwrap();
    assert!(reason.contains("no cloudevents document"), "{reason}");
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_hides_messages_for_too_short_a_time_keeps_the_function_from_starting() {
    let desk = deployed().await;
    let error = open(&desk, 6).await.unwrap_err();
    assert!(error.contains("visibility timeout is 30 s; set it to 36 s at least"), "{error}");
}
