//! The relay of one outbox table, run in one of two ways: as a Lambda function that DynamoDB Streams invokes ([`lambda`]), or as a
//! process that reads the stream by itself ([`tail`]). Both hand the same wake-ups to the same relay core.

pub mod lambda;
mod record;
pub mod settings;
pub mod sweep;
pub mod tail;
mod wake;

pub use settings::RelaySettings;

use aws_types::SdkConfig;
use service_kit::Mode;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    provision::{ProvisionError, ensure_sent_table},
    relay::{Relay, SnsPublisher},
};
use unit_of_work::DynamoDb;

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

/// In development the relay makes its table of sent messages, as services make what they need. Elsewhere that is Terraform's work.
///
/// # Errors
///
/// [`ProvisionError`] when the table could not be made.
pub async fn provision(aws: &SdkConfig, settings: &RelaySettings) -> Result<(), ProvisionError> {
    match &settings.sent {
        Some((table, _)) if settings.base.environment == Mode::Development => {
            ensure_sent_table(&aws_sdk_dynamodb::Client::new(aws), table).await
        }
        _ => Ok(()),
    }
}
