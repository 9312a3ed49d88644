//! Tables, use cases and a sender on an embedded AWS.

use std::{sync::Arc, time::Duration};

use ::service::{ChannelSettings, MessagingSettings};
use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use notifications::{
    domain::{Decision, Mail, MailId},
    provider::{Provider, Ses},
    sender::Sender,
    service::{self, Settings},
    settings::InDoubt,
    store::Store,
    use_cases::Notifications,
    wiring::wiring,
};
use serde_json::{Value, json};
use service_kit::{BaseSettings, Mode};
use transactional_messaging::{
    consumer::{Handled, HandlerError},
    provision::{ensure_inbox_table, ensure_indexed_table},
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

/// The customer.
pub(crate) const ADA: Uuid = Uuid::from_u128(0xada);
/// Her order.
pub(crate) const ORDER: Uuid = Uuid::from_u128(7);
/// The mail that tells of its approval.
pub(crate) const APPROVED: MailId = MailId { order: ORDER, decision: Decision::Approved };

pub(crate) fn settings(in_doubt: InDoubt) -> Settings {
    Settings {
        base: BaseSettings {
            environment: Mode::Development,
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            release: None,
        },
        messaging: MessagingSettings {
            channels: ChannelSettings::default(),
            inbox_table: "notifications-inbox".to_owned(),
            inbox_retention_days: 90,
            inbox_generations: transactional_messaging::inbox::Generations::default(),
        },
        table: "notifications".to_owned(),
        from: "shop@example.com".to_owned(),
        in_doubt,
        check: Duration::from_secs(10),
        provider: None,
    }
}

/// One process of the service: it knows AWS by its own way there.
pub(crate) struct Desk {
    pub(crate) aws: InMemoryAws,
    pub(crate) notifications: Notifications<DynamoDb>,
    pub(crate) sender: Sender,
    pub(crate) store: Store<DynamoDb>,
    /// Its way to AWS.
    pub(crate) config: SdkConfig,
}

impl Desk {
    /// The tables of a new AWS, and a process with SES.
    pub(crate) async fn new() -> Self {
        Self::deciding(InDoubt::Send).await
    }

    pub(crate) async fn deciding(in_doubt: InDoubt) -> Self {
        let aws = made().await;
        let config = aws.sdk_config();
        Self::process(&aws, &config, Arc::new(Ses::new(&config)), in_doubt, 1)
    }

    /// A process whose ids count from `first`.
    pub(crate) fn process(
        aws: &InMemoryAws,
        config: &SdkConfig,
        provider: Arc<dyn Provider>,
        in_doubt: InDoubt,
        first: u64,
    ) -> Self {
        let (settings, ambient) = (settings(in_doubt), support::ambient::of(aws, first));
        let store = Store::new(::service::database(config), &settings.table);
        let sender = Sender::new(store.clone(), provider, settings.from.clone(), in_doubt, ambient.clone());
        let notifications = service::use_cases(::service::database(config), &settings, ambient).unwrap();
        Self { aws: aws.clone(), notifications, sender, store, config: config.clone() }
    }

    /// Gives a message to the handler of its queue, as SQS would.
    pub(crate) async fn hear(&self, (queue, body): &(&str, String)) -> Result<Handled, HandlerError> {
        wiring().handle(queue, &self.notifications, body).await
    }

    /// Looks for what is due until there is nothing more, `hours` of virtual time at most.
    pub(crate) async fn send_for(&self, hours: u64) {
        for _ in 0..hours * 12 {
            self.sender.send_due(|| true).await.unwrap();
            pass(Duration::from_secs(5 * 60)).await;
        }
    }

    pub(crate) async fn mail(&self, id: MailId) -> Mail {
        self.store.mail(id).await.unwrap().expect("there is no such mail")
    }

    /// Who got which subject.
    pub(crate) fn delivered(&self) -> Vec<(String, String)> {
        self.aws.mails().into_iter().map(|mail| (mail.to.join(" "), mail.subject)).collect()
    }
}

/// An AWS with the tables of this service.
pub(crate) async fn made() -> InMemoryAws {
    let aws = InMemoryAws::new().unwrap();
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    let needed = service::resources(&settings(InDoubt::Send));
    ensure_indexed_table(&dynamodb, "notifications", &needed.aggregate_index.unwrap()).await.unwrap();
    ensure_inbox_table(&dynamodb, "notifications-inbox").await.unwrap();
    aws
}

/// Lets time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) fn created(email: Option<&str>) -> (&'static str, String) {
    let mut data = json!({"customer_id": ADA, "name": "Ada", "credit_limit": 5});
    if let Some(email) = email {
        data["email"] = json!(email);
    }
    ("notification--customer-created", body(1, "CustomerCreated", &format!("customer/{ADA}"), &data))
}

pub(crate) fn decided(message: u128, decision: Decision) -> (&'static str, String) {
    let (queue, kind) = match decision {
        Decision::Approved => ("notification--order-approved", "OrderApproved"),
        Decision::Rejected => ("notification--order-rejected", "OrderRejected"),
        Decision::Cancelled => ("notification--order-cancelled", "OrderCancelled"),
    };
    let data = json!({"order_id": ORDER, "customer_id": ADA, "state": "x"});
    (queue, body(message, kind, &format!("order/{ORDER}"), &data))
}

/// What the services publish, as text.
fn body(message: u128, kind: &str, subject: &str, data: &Value) -> String {
    let id = Uuid::from_u128(message);
    let source = if kind.starts_with("Customer") { "/customers" } else { "/orders" };
    json!({
        "specversion": "1.0", "id": id, "source": source, "type": kind, "subject": subject,
        "time": "2026-11-28T11:59:00+00:00", "sequence": "1", "correlationid": id, "data": data,
    })
    .to_string()
}
