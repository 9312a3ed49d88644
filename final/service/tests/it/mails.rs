//! A service that only consumes: it would send a mail for each order that was approved.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use serde_json::json;
use service::{ChannelSettings, MessagingSettings, Service};
use service_kit::{BaseSettings, Mode};
use time::macros::datetime;
use transactional_messaging::{
    ambient::Ambient,
    consumed,
    consumer::{Delivery, Handled, HandlerError, IdempotentConsumer},
    inbox::Generations,
    wiring::{Queue, Wiring},
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

consumed! {
    /// An order was approved.
    OrderApproved on "order--approved" { order_id: Uuid }
}

pub(crate) const APPROVED: Queue<OrderApproved> = Queue::new("mail--order-approved");

#[derive(Clone)]
pub(crate) struct Mails {
    consumer: IdempotentConsumer<DynamoDb>,
    /// How each delivery ended, in the order in which they did.
    pub(crate) ended: Arc<Mutex<Vec<Handled>>>,
}

impl Mails {
    pub(crate) fn new(aws: &SdkConfig, messaging: &MessagingSettings) -> Self {
        let database = service::database(aws);
        let consumer = IdempotentConsumer::new(messaging.inbox().unwrap(), database, ambient());
        Self { consumer, ended: Arc::default() }
    }

    async fn send(self, order: Delivery<OrderApproved>) -> Result<Handled, HandlerError> {
        let handled = self.consumer.once(&order, async |work| Ok(work)).await?;
        self.ended.lock().unwrap().push(handled);
        Ok(handled)
    }
}

pub(crate) fn mails(use_cases: Mails) -> Service<Mails> {
    Service::new("mails", Wiring::new().consumes(APPROVED, Mails::send), use_cases)
}

pub(crate) fn ambient() -> Ambient {
    Ambient::fixed(datetime!(2026-11-28 12:00 UTC))
}

pub(crate) fn base(environment: Mode) -> BaseSettings {
    BaseSettings { environment, region: "us-east-1".to_owned(), endpoint_url: None, release: None }
}

pub(crate) fn messaging() -> MessagingSettings {
    MessagingSettings {
        channels: ChannelSettings::default(),
        inbox_table: "mails-inbox".to_owned(),
        inbox_retention_days: 90,
        inbox_generations: Generations::default(),
    }
}

/// What the orders service publishes, as text.
pub(crate) fn approved(message: u128) -> String {
    let (message, order) = (Uuid::from_u128(message), Uuid::from_u128(7));
    json!({
        "specversion": "1.0", "id": message, "source": "/orders", "type": "OrderApproved",
        "subject": format!("order/{order}"), "time": "2026-11-28T11:59:00+00:00",
        "sequence": "00000000000000000101", "correlationid": message, "data": {"order_id": order},
    })
    .to_string()
}

/// Publishes to a topic that there is.
pub(crate) async fn publish(aws: &InMemoryAws, topic: &str, text: &str) {
    let sns = aws_sdk_sns::Client::new(&aws.sdk_config());
    let arn = format!("arn:aws:sns:us-east-1:000000000000:{topic}");
    sns.publish().topic_arn(arn).message(text).send().await.unwrap();
}

/// Waits until it holds, a minute at most.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    waited.await.expect("it does not hold within a minute");
}
