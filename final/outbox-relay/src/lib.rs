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
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    relay::{Relay, SnsPublisher},
    scheduled::Mover,
};
use unit_of_work::DynamoDb;

/// The relay that these settings describe.
pub fn relay(aws: &SdkConfig, settings: &RelaySettings, ambient: Ambient) -> Relay {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let publisher = SnsPublisher::new(aws_sdk_sns::Client::new(aws), settings.topics.clone())
        .on(Channels::fifo(settings.base.fifo));
    Relay::new(database, &settings.outbox_table, publisher, ambient)
}

/// The mover of scheduled messages, if these settings name a table of them.
pub fn mover(aws: &SdkConfig, settings: &RelaySettings, ambient: Ambient) -> Option<Mover> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let scheduled = settings.scheduled_table.as_ref()?;
    Some(Mover::new(database, scheduled, &settings.outbox_table, ambient))
}
