//! The relay of one outbox table, run in one of two ways: as a Lambda function that DynamoDB Streams invokes ([`lambda`]), or as a
//! process that reads the stream by itself ([`tail`]). Both hand the same wake-ups to the same relay core.

pub mod lambda;
mod record;
pub mod scheduled;
pub mod settings;
pub mod sweep;
pub mod tail;
mod wake;

pub use settings::RelaySettings;

use aws_types::SdkConfig;
use service_kit::Mode;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
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
        .on(Channels::fifo(settings.base.fifo));
    let relay = Relay::new(database, &settings.outbox_table, publisher, ambient)
        .without_order(settings.unordered_topics.iter().cloned());
    match &settings.sent {
        Some((table, keep)) => relay.keep_sent(table, *keep),
        None => relay,
    }
}

/// In development the relay makes its tables of sent and of scheduled messages, as services make what they need, and waits for AWS
/// meanwhile, until `stop` is cancelled. Elsewhere that is Terraform's work.
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
