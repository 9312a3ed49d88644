//! How the service starts and stops.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use aws_types::SdkConfig;
use service_kit::{
    Environment, Mode, Readiness, RequestLimits, ServiceOptions, ServiceSettings, SettingsError,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    consumer::{ConsumerGroup, ConsumerHealth, ConsumerSettings, Delivery, OpenError},
    provision::{ServiceResources, Subscription, ensure_service, until_made, until_usable},
};
use unit_of_work::{AttributeValue, Database as _, DynamoDb, Item, Table};
use uuid::Uuid;

use crate::{
    http,
    messages::{CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed},
    overdue,
    store::PENDING_INDEX,
    use_cases::{DEFAULT_TIMEOUT_SECONDS, Orders},
};

/// The variable that names the service's table.
pub const TABLE_VARIABLE: &str = "DYNAMODB_ORDERS_TABLE_NAME";

/// The queue of reserved credit. Queue names are also the names of the consumers in the inbox.
pub const CREDIT_RESERVED_QUEUE: &str = "order--customer-credit-reserved";
/// The queue of orders over the limit.
pub const CREDIT_RESERVATION_FAILED_QUEUE: &str = "order--customer-credit-reservation-failed";
/// The queue of orders without a customer.
pub const VALIDATION_FAILED_QUEUE: &str = "order--customer-validation-failed";

/// Topics and the queues subscribed to them.
const SUBSCRIPTIONS: &[(&str, &str)] = &[
    ("customer--credit-reserved", CREDIT_RESERVED_QUEUE),
    ("customer--credit-reservation-failed", CREDIT_RESERVATION_FAILED_QUEUE),
    ("customer--validation-failed", VALIDATION_FAILED_QUEUE),
];

/// Topics that this service publishes to.
const TOPICS: &[&str] = &["order--created", "order--approved", "order--rejected", "order--cancelled"];

/// What the service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What every service with tables of its own is told.
    pub service: ServiceSettings,
    /// `ORDER_TIMEOUT_SECONDS`: how long an order may be pending before it is rejected; [`DEFAULT_TIMEOUT_SECONDS`] unless set.
    pub order_timeout: Duration,
    /// `ORDER_TIMEOUT_CHECK_SECONDS`: how often it is looked which orders' time is over, from 1 to 3,600; 60 unless set. An order is given up
    /// at most so much later than its time.
    pub timeout_check: Duration,
}

impl Settings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with everything that is missing or malformed.
    pub fn read(mut env: Environment) -> Result<Self, SettingsError> {
        let name = "ORDER_TIMEOUT_SECONDS";
        // With 0 no order could ever be approved; a year is longer than anybody waits for one.
        let bounds = 1..=LONGEST_TIMEOUT_SECONDS;
        let seconds = env.within(name, DEFAULT_TIMEOUT_SECONDS, bounds, "a number of seconds");
        let name = "ORDER_TIMEOUT_CHECK_SECONDS";
        let check = env.within(name, DEFAULT_CHECK_SECONDS, 1..=3_600, "a number of seconds");
        // Fails when any of this was wrong, too.
        let service = ServiceSettings::read(env, TABLE_VARIABLE)?;
        let of = |seconds: u32| Duration::from_secs(seconds.into());
        let order_timeout = of(seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS));
        Ok(Self { service, order_timeout, timeout_check: of(check.unwrap_or(DEFAULT_CHECK_SECONDS)) })
    }
}

/// How often it is looked for overdue orders, in seconds. Eight queries a minute for each instance, and an hour is not made much longer.
pub const DEFAULT_CHECK_SECONDS: u32 = 60;

/// A year.
const LONGEST_TIMEOUT_SECONDS: u32 = 365 * 24 * 60 * 60;

/// How long requests and messages in work may go on after SIGTERM.
pub const GRACE: Duration = Duration::from_secs(20);

/// Everything the service needs of AWS.
pub fn resources(settings: &ServiceSettings) -> ServiceResources {
    let base = &settings.base;
    ServiceResources {
        aggregate_table: settings.table.clone(),
        aggregate_index: Some(PENDING_INDEX),
        inbox_table: settings.inbox_table.clone(),
        outbox_table: settings.outbox_table.clone(),
        topics: TOPICS.iter().map(|topic| format!("{}{topic}", base.topic_prefix)).collect(),
        subscriptions: Subscription::all(SUBSCRIPTIONS, &base.topic_prefix, &base.queue_prefix),
    }
    .on(Channels::fifo(base.fifo))
}

/// Serves HTTP on the listener, consumes the queues and gives up overdue orders until `stop` is cancelled; then lets requests and messages
/// finish.
///
/// In development mode it first makes the tables, topics and queues that are missing.
///
/// # Errors
///
/// When a resource is missing, or the server fails.
pub async fn run(
    Settings { service: settings, order_timeout, timeout_check }: &Settings,
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
    let service = Orders::new(database.clone(), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?
        .with_timeout(*order_timeout);
    let consumer_settings =
        ConsumerSettings { grace: GRACE, seed: ambient.id(), ..ConsumerSettings::default() };
    let mut consumers = ConsumerGroup::new(sqs, &settings.base.queue_prefix, consumer_settings, stop.clone())
        .on(Channels::fifo(settings.base.fifo));
    consume(&mut consumers, &service).await?;
    let overdue = overdue::watch(service.clone(), *timeout_check, ambient.id(), stop.clone());
    let options = ServiceOptions {
        service: "orders",
        new_id: Arc::new(move || ambient.id()),
        readiness: readiness(
            &service,
            database,
            (&settings.table, &settings.inbox_table),
            consumers.health(),
        ),
        limits: RequestLimits::default(),
    };
    let router = service_kit::service_router(http::routes(service).merge(http::openapi()), options);
    if !stop.is_cancelled() {
        tracing::info!(address = %listener.local_addr()?, "orders_started");
    }
    // At the same time: one after the other, both graces would not fit into the time before SIGKILL.
    let http = service_kit::serve(listener, router, stop, GRACE);
    let (served, (), ()) = tokio::join!(http, consumers.stopped(), overdue);
    served.context("the http server failed")
}

/// Starts a consumer for each queue.
///
/// # Errors
///
/// When a queue does not exist or may not be read.
pub async fn consume(consumers: &mut ConsumerGroup, service: &Orders<DynamoDb>) -> Result<(), OpenError> {
    type Service = Orders<DynamoDb>;
    let approve = |service: Service, delivery: Delivery<CustomerCreditReserved>| async move {
        service.approve(delivery).await
    };
    consumers.consume(CREDIT_RESERVED_QUEUE, service, approve).await?;
    let reject_over_limit = |service: Service, delivery: Delivery<CustomerCreditReservationFailed>| async move {
        service.reject_over_limit(delivery).await
    };
    consumers.consume(CREDIT_RESERVATION_FAILED_QUEUE, service, reject_over_limit).await?;
    let reject_invalid = |service: Service, delivery: Delivery<CustomerValidationFailed>| async move {
        service.reject_invalid(delivery).await
    };
    consumers.consume(VALIDATION_FAILED_QUEUE, service, reject_invalid).await
}

/// Ready means that the service's table, its index and its inbox can be read, and its queues be received from.
fn readiness(
    service: &Orders<DynamoDb>,
    database: DynamoDb,
    (orders_table, inbox_table): (&str, &str),
    consumers: ConsumerHealth,
) -> Readiness {
    let (service, inbox) = (service.clone(), Table::new(inbox_table, "PK"));
    let (index, orders) = (database.clone(), Table::new(orders_table, "PK"));
    Readiness::within(Duration::from_secs(2))
        .check("orders-table", move || {
            let service = service.clone();
            async move { service.find(Uuid::nil()).await.map(drop) }
        })
        .check("pending-index", move || {
            let (database, orders) = (index.clone(), orders.clone());
            async move { PENDING_INDEX.check(&database, &orders).await }
        })
        .check("inbox-table", move || {
            let (database, inbox) = (database.clone(), inbox.clone());
            let nobody = Item::from([("PK".to_owned(), AttributeValue::S("-".to_owned()))]);
            async move { database.get(&inbox, nobody).await.map(drop) }
        })
        .check("consumers", move || std::future::ready(consumers.check()))
}
