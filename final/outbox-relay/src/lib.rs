//! The relay of one outbox table as a program: settings, and the drivers of the library
//! (`transactional_messaging::driver`) that run with them. It is a Lambda function that DynamoDB Streams
//! invokes ([`lambda`]), or a process that reads the stream by itself ([`tail`]).

pub mod settings;

pub use settings::RelaySettings;
#[cfg(feature = "tail")]
pub use transactional_messaging::driver::tail;
pub use transactional_messaging::driver::{lambda, scheduled, sweep};

use aws_types::SdkConfig;
use service_kit::Mode;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    provision::{ProvisionError, ensure_scheduled_table, ensure_sent_table, until_made},
    relay::{Relay, SnsPublisher},
    scheduled::Mover,
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

/// The relay that these settings describe.
pub fn relay(aws: &SdkConfig, settings: &RelaySettings, ambient: Ambient) -> Relay {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let publisher = SnsPublisher::new(aws_sdk_sns::Client::new(aws), settings.topics.clone())
        .on(settings.channels.kind)
        .fair_by(settings.tenant_field.clone());
    let relay = Relay::new(database, &settings.outbox_table, publisher, ambient)
        .without_order(settings.unordered_topics.iter().cloned());
    match &settings.sent {
        Some((table, keep)) => relay.keep_sent(table, *keep),
        None => relay,
    }
}

/// In development the relay makes its tables of sent and of scheduled messages, as services make what they
/// need, and waits for AWS meanwhile, until `stop` is cancelled. Elsewhere that is Terraform's work.
///
/// # Errors
///
/// [`ProvisionError`] when a table could not be made, for a reason that does not pass.
pub async fn provision(
    aws: &SdkConfig,
    settings: &RelaySettings,
    seed: Uuid,
    stop: &CancellationToken,
) -> Result<(), ProvisionError> {
    if settings.base.environment != Mode::Development {
        return Ok(());
    }
    let dynamodb = aws_sdk_dynamodb::Client::new(aws);
    if let Some((table, _)) = &settings.sent {
        until_made(seed, stop, || ensure_sent_table(&dynamodb, table)).await?;
    }
    if let Some(table) = &settings.scheduled_table {
        until_made(seed, stop, || ensure_scheduled_table(&dynamodb, table)).await?;
    }
    Ok(())
}

/// The mover of scheduled messages, if these settings name a table of them.
pub fn mover(aws: &SdkConfig, settings: &RelaySettings, ambient: Ambient) -> Option<Mover> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let scheduled = settings.scheduled_table.as_ref()?;
    Some(Mover::new(database, scheduled, &settings.outbox_table, ambient))
}
