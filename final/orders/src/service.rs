//! How the service is put together.

use ::service::{Service, ServiceSettings, Tables};
use anyhow::Context as _;
use aws_types::SdkConfig;
use service_kit::auth::Doors;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient, inbox::RetentionTooShort, outbox::Outbox, provision::ServiceResources,
};
use unit_of_work::{Database, DynamoDb};

pub use crate::settings::{Settings, TABLE_VARIABLE};
use crate::{
    contract::contract,
    http,
    messages::SOURCE,
    overdue,
    store::{OrderStore, PENDING_INDEX},
    use_cases::Orders,
    wiring::wiring,
};

fn tables(settings: &ServiceSettings) -> Tables {
    Tables { index: Some(PENDING_INDEX), ..settings.tables() }
}

/// Everything the service needs of AWS.
pub fn resources(settings: &ServiceSettings) -> ServiceResources {
    ::service::resources(&wiring::<DynamoDb>().description(), &settings.messaging, tables(settings))
}

/// The use cases on the tables of these settings.
///
/// # Errors
///
/// [`RetentionTooShort`] when the inbox would forget messages that can still come again.
pub fn use_cases<D: Database + Clone>(
    database: D,
    settings: &ServiceSettings,
    ambient: Ambient,
) -> Result<Orders<D>, RetentionTooShort> {
    let outbox = Outbox::new(&settings.outbox_table, SOURCE);
    Ok(Orders::new(OrderStore::new(database, &settings.table), settings.messaging.inbox()?, outbox, ambient))
}

/// Serves HTTP on the listener, consumes the queues and gives up overdue orders until `stop` is cancelled:
/// see [`Service::run`].
///
/// # Errors
///
/// When a setting or a resource is not as it must be, or the server fails.
pub async fn run(
    Settings { service: settings, order_timeout, timeout_check }: &Settings,
    aws: &SdkConfig,
    ambient: Ambient,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let orders = use_cases(::service::database(aws), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?
        .with_timeout(*order_timeout);
    let doors = Doors::of(&settings.auth)?;
    let (watched, check) = (orders.clone(), *timeout_check);
    Service::new("orders", wiring(), orders.clone())
        .keeping(tables(settings))
        .answering(listener, doors.guard(http::routes(orders), &http::document()).merge(contract().routes()))
        .beside(move |seed, stop| overdue::watch(watched, check, seed, stop))
        .run(&settings.base, &settings.messaging, aws, ambient, stop)
        .await
}
