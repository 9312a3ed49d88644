//! Where a consumer's messages come from: its queue, opened, and how it works on it.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::Client;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{
    ConsumerSettings,
    queue::{SqsQueue, Trouble},
};

/// The pause after a first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a receive may take beyond the time that SQS was told to wait for a message.
pub(super) const NETWORK: Duration = Duration::from_secs(10);

/// An open queue, its full name, and the settings of whoever consumes it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) queue: SqsQueue,
    pub(super) name: Arc<str>,
    pub(super) settings: ConsumerSettings,
}

impl Source {
    pub(super) async fn open(sqs: Client, name: &str, settings: ConsumerSettings) -> Result<Self, Trouble> {
        let opening = in_time(Box::pin(SqsQueue::open(sqs, name)));
        let opened = Deadline::after(settings.wait + NETWORK).scope(opening);
        let queue = opened.await.unwrap_or_else(|late| Err(Trouble::passing(late)))?;
        Ok(Self { queue, name: name.into(), settings })
    }

    /// How an endless loop behaves while SQS is away.
    pub(super) fn outage(&self, event: &'static str, seed: Uuid) -> Outage {
        Outage::new(event, &*self.name, seed, FIRST_PAUSE, LONGEST_PAUSE)
    }
}
