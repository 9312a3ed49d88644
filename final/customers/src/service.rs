//! How the service is put together.

use ::service::{Service, ServiceSettings};
use anyhow::Context as _;
use aws_types::SdkConfig;
use service_kit::{Environment, Reported, auth::Doors};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient, inbox::RetentionTooShort, outbox::Outbox, provision::ServiceResources,
};
use unit_of_work::{Database, DynamoDb};

use crate::{
    contract::contract, http, messages::SOURCE, store::CustomerStore, use_cases::Customers, wiring::wiring,
};

/// The variable that names the service's table.
pub const TABLE_VARIABLE: &str = "DYNAMODB_CUSTOMERS_TABLE_NAME";

/// What the service is told.
pub type Settings = ServiceSettings;

/// Reads what the service is told.
///
/// # Errors
///
/// [`Reported`]; the complaints come out of [`Environment::finish`].
pub fn settings(env: &mut Environment) -> Result<Settings, Reported> {
    ServiceSettings::read(env, TABLE_VARIABLE)
}

/// Everything the service needs of AWS.
pub fn resources(settings: &Settings) -> ServiceResources {
    ::service::resources(&wiring::<DynamoDb>().description(), &settings.messaging, settings.tables())
}

/// The use cases on the tables of these settings.
///
/// # Errors
///
/// [`RetentionTooShort`] when the inbox would forget messages that can still come again.
pub fn use_cases<D: Database + Clone>(
    database: D,
    settings: &Settings,
    ambient: Ambient,
) -> Result<Customers<D>, RetentionTooShort> {
    let outbox = Outbox::new(&settings.outbox_table, SOURCE);
    let store = CustomerStore::new(database, &settings.table);
    Ok(Customers::new(store, settings.messaging.inbox()?, outbox, ambient))
}

/// Serves HTTP on the listener and consumes the queues until `stop` is cancelled: see [`Service::run`].
///
/// # Errors
///
/// When a setting or a resource is not as it must be, or the server fails.
pub async fn run(
    settings: &Settings,
    aws: &SdkConfig,
    ambient: Ambient,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let customers = use_cases(::service::database(aws), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?;
    let doors = Doors::of(&settings.auth)?;
    let routes = doors.guard(http::routes(customers.clone()), &http::document()).merge(contract().routes());
    Service::new("customers", wiring(), customers)
        .keeping(settings.tables())
        .answering(listener, routes)
        .run(&settings.base, &settings.messaging, aws, ambient, stop)
        .await
}
