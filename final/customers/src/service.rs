//! How the service starts and stops.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use aws_types::SdkConfig;
use service_kit::{Mode, Readiness, RequestLimits, ServiceOptions, ServiceSettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    consumer::{ConsumerGroup, ConsumerHealth, ConsumerSettings, Delivery, OpenError, Turns},
    provision::{ServiceResources, Subscription, ensure_service, until_made, until_usable},
};
use unit_of_work::{AttributeValue, Database as _, DynamoDb, Item, Table};
use uuid::Uuid;

use crate::{
    http,
    messages::{OrderCancelled, OrderCreated, OrderRejected},
    use_cases::Customers,
};

/// The variable that names the service's table.
pub const TABLE_VARIABLE: &str = "DYNAMODB_CUSTOMERS_TABLE_NAME";

/// The queue of new orders. Queue names are also the names of the consumers in the inbox.
pub const ORDER_CREATED_QUEUE: &str = "customer--order-created";
/// The queue of cancelled orders.
pub const ORDER_CANCELLED_QUEUE: &str = "customer--order-cancelled";
/// The queue of rejected orders.
pub const ORDER_REJECTED_QUEUE: &str = "customer--order-rejected";

/// Topics and the queues subscribed to them.
const SUBSCRIPTIONS: &[(&str, &str)] = &[
    ("order--created", ORDER_CREATED_QUEUE),
    ("order--cancelled", ORDER_CANCELLED_QUEUE),
    ("order--rejected", ORDER_REJECTED_QUEUE),
];

/// Topics that this service publishes to.
const TOPICS: &[&str] = &[
    "customer--created",
    "customer--credit-reserved",
    "customer--credit-reservation-failed",
    "customer--validation-failed",
];

/// How long requests and messages in work may go on after SIGTERM.
pub const GRACE: Duration = Duration::from_secs(20);

/// Everything the service needs of AWS.
pub fn resources(settings: &ServiceSettings) -> ServiceResources {
    let base = &settings.base;
    ServiceResources {
        aggregate_table: settings.table.clone(),
        aggregate_index: None,
        inbox_table: settings.inbox_table.clone(),
        outbox_table: settings.outbox_table.clone(),
        topics: TOPICS.iter().map(|topic| format!("{}{topic}", base.topic_prefix)).collect(),
        subscriptions: Subscription::all(SUBSCRIPTIONS, &base.topic_prefix, &base.queue_prefix),
    }
    .on(Channels::fifo(base.fifo))
}

/// Serves HTTP on the listener and consumes the queues until `stop` is cancelled; then lets both finish what they began.
///
/// In development mode it first makes the tables, topics and queues that are missing.
///
/// # Errors
///
/// When a resource is missing, or the server fails.
pub async fn run(
    settings: &ServiceSettings,
    aws: &SdkConfig,
    ambient: Ambient,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let quick =
        aws_sdk_dynamodb::config::Builder::from(aws).timeout_config(service_kit::aws::dynamodb_timeouts());
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(quick.build());
    let sqs = aws_sdk_sqs::Client::new(aws);
    let (seed, needed) = (ambient.id(), resources(settings));
    if settings.base.environment == Mode::Development {
        let sns = aws_sdk_sns::Client::new(aws);
        let made = until_made(seed, &stop, || ensure_service(&dynamodb, &sns, &sqs, &needed)).await;
        made.context("development resources")?;
    }
    let database = DynamoDb::new(dynamodb);
    until_usable(&database, &sqs, &needed, seed, &stop).await?;
    let service = Customers::new(database.clone(), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?;
    let consumer_settings =
        ConsumerSettings { grace: GRACE, seed: ambient.id(), ..ConsumerSettings::default() };
    let mut consumers = ConsumerGroup::new(sqs, &settings.base.queue_prefix, consumer_settings, stop.clone())
        .on(Channels::fifo(settings.base.fifo));
    consume(&mut consumers, &service).await?;
    let options = ServiceOptions {
        service: "customers",
        new_id: Arc::new(move || ambient.id()),
        readiness: readiness(&service, database, &settings.inbox_table, consumers.health()),
        limits: RequestLimits::default(),
    };
    let router = service_kit::service_router(http::routes(service).merge(http::openapi()), options);
    if !stop.is_cancelled() {
        tracing::info!(address = %listener.local_addr()?, "customers_started");
    }
    // At the same time: one after the other, both graces would not fit into the time before SIGKILL.
    let http = service_kit::serve(listener, router, stop, GRACE);
    let (served, ()) = tokio::join!(http, consumers.stopped());
    served.context("the http server failed")
}

/// Starts a consumer for each queue. Messages of one customer take turns.
///
/// # Errors
///
/// When a queue does not exist or may not be read.
pub async fn consume(consumers: &mut ConsumerGroup, service: &Customers<DynamoDb>) -> Result<(), OpenError> {
    type Service = Customers<DynamoDb>;
    let turns = Turns::default();
    let reserve_credit = |service: Service, delivery: Delivery<OrderCreated>| async move {
        service.reserve_credit(delivery).await
    };
    consumers
        .consume_in_turns(
            ORDER_CREATED_QUEUE,
            service,
            turns.by(|order: &OrderCreated| order.customer_id),
            reserve_credit,
        )
        .await?;
    let release_credit = |service: Service, delivery: Delivery<OrderCancelled>| async move {
        service.release_credit(delivery).await
    };
    consumers
        .consume_in_turns(
            ORDER_CANCELLED_QUEUE,
            service,
            turns.by(|order: &OrderCancelled| order.customer_id),
            release_credit,
        )
        .await?;
    let settle_rejection = |service: Service, delivery: Delivery<OrderRejected>| async move {
        service.settle_rejection(delivery).await
    };
    consumers
        .consume_in_turns(
            ORDER_REJECTED_QUEUE,
            service,
            turns.by(|order: &OrderRejected| order.customer_id),
            settle_rejection,
        )
        .await
}

/// Ready means that the service's table and its inbox can be read, and its queues be received from.
fn readiness(
    service: &Customers<DynamoDb>,
    database: DynamoDb,
    inbox_table: &str,
    consumers: ConsumerHealth,
) -> Readiness {
    let (service, inbox) = (service.clone(), Table::new(inbox_table, "PK"));
    Readiness::within(Duration::from_secs(2))
        .check("customers-table", move || {
            let service = service.clone();
            async move { service.find(Uuid::nil()).await.map(drop) }
        })
        .check("inbox-table", move || {
            let (database, inbox) = (database.clone(), inbox.clone());
            let nobody = Item::from([("PK".to_owned(), AttributeValue::S("-".to_owned()))]);
            async move { database.get(&inbox, nobody).await.map(drop) }
        })
        .check("consumers", move || std::future::ready(consumers.check()))
}
