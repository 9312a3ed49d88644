//! How the service is put together.

use std::sync::Arc;

use ::service::{Service, Tables};
use anyhow::Context as _;
use aws_types::SdkConfig;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{ambient::Ambient, inbox::RetentionTooShort, provision::ServiceResources};
use unit_of_work::{Database, DynamoDb};

pub use crate::settings::{Settings, TABLE_VARIABLE};
use crate::{
    provider::{Provider, Ses, WithKey},
    sender::{self, Sender},
    store::{DUE_INDEX, Store},
    use_cases::Notifications,
    wiring::wiring,
};

fn tables(settings: &Settings) -> Tables {
    Tables { aggregates: Some(settings.table.clone()), index: Some(DUE_INDEX), outbox: None }
}

/// Everything the service needs of AWS, but for the provider.
pub fn resources(settings: &Settings) -> ServiceResources {
    ::service::resources(&wiring::<DynamoDb>().description(), &settings.messaging, tables(settings))
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
) -> Result<Notifications<D>, RetentionTooShort> {
    Ok(Notifications::new(Store::new(database, &settings.table), settings.messaging.inbox()?, ambient))
}

/// The sender that these settings describe.
///
/// # Errors
///
/// When this machine can make no TLS connection to the provider.
pub fn sender(aws: &SdkConfig, settings: &Settings, ambient: Ambient) -> anyhow::Result<Sender> {
    let provider: Arc<dyn Provider> = match &settings.provider {
        Some(keyed) => Arc::new(WithKey::new(keyed).context("the mail provider cannot be reached by TLS")?),
        None => Arc::new(Ses::new(aws)),
    };
    let store = Store::new(::service::database(aws), &settings.table);
    Ok(Sender::new(store, provider, settings.from.clone(), settings.in_doubt, ambient))
}

/// Serves its health on the listener, consumes the queues and sends mails until `stop` is cancelled: see
/// [`Service::run`].
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
    let notifications = use_cases(::service::database(aws), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?;
    let (sender, fresh, check) =
        (sender(aws, settings, ambient.clone())?, notifications.fresh(), settings.check);
    Service::new("notifications", wiring(), notifications)
        .keeping(tables(settings))
        .answering(listener, Router::new())
        .beside(move |seed, stop| sender::watch(sender, fresh, check, seed, stop))
        .run(&settings.base, &settings.messaging, aws, ambient, stop)
        .await
}
