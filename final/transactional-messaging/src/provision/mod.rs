//! Makes tables, topics and queues for development, tests and the embedded AWS. Everything may be called again and changes nothing the
//! second time. In AWS this is Terraform's work, and the services have no permission for it.

mod broker;
mod tables;
mod usable;

pub use broker::Subscription;
pub use broker::{DEAD_LETTER_RETENTION, QUEUE_RETENTION, VISIBILITY};
pub use tables::{
    ensure_aggregate_table, ensure_inbox_table, ensure_indexed_table, ensure_outbox_table,
    ensure_scheduled_table, ensure_sent_table,
};
pub use usable::{Unusable, until_made, until_usable};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    error::{BuildError, ProvideErrorMetadata, SdkError},
};
use aws_sdk_sns::Client as Sns;
use aws_sdk_sqs::Client as Sqs;

use crate::{channels::Channels, due::DueIndex, relay::BoxError};

/// What one service needs. All names include the prefix of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceResources {
    /// The table of its aggregates.
    pub aggregate_table: String,
    /// What of that table waits for a time, if anything does.
    pub aggregate_index: Option<DueIndex>,
    /// Its inbox table.
    pub inbox_table: String,
    /// Its outbox table.
    pub outbox_table: String,
    /// The topics that it publishes to.
    pub topics: Vec<String>,
    /// The queues that it consumes from.
    pub subscriptions: Vec<Subscription>,
}

impl ServiceResources {
    /// The same with topics and queues of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        let name = |name: &mut String| *name = channels.name(name);
        self.topics.iter_mut().for_each(name);
        for subscription in &mut self.subscriptions {
            name(&mut subscription.topic);
            name(&mut subscription.queue);
        }
        self
    }
}

/// A resource could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be made; check the endpoint and the permissions")]
pub struct ProvisionError {
    /// The resource, such as `table orders-outbox`.
    pub what: String,
    /// Whether trying again can help, as with an AWS that is still starting.
    pub retryable: bool,
    /// What AWS said.
    #[source]
    pub source: BoxError,
}

/// Makes everything that a service needs and that is not there yet.
///
/// Its subscriptions come first: a message that is published while nobody is subscribed to its topic reaches nobody.
///
/// # Errors
///
/// [`ProvisionError`] names the first resource that could not be made.
pub async fn ensure_service(
    dynamodb: &DynamoDb,
    sns: &Sns,
    sqs: &Sqs,
    wanted: &ServiceResources,
) -> Result<(), ProvisionError> {
    for subscription in &wanted.subscriptions {
        broker::ensure_subscription(sns, sqs, subscription).await?;
    }
    for topic in &wanted.topics {
        broker::ensure_topic(sns, topic).await?;
    }
    match &wanted.aggregate_index {
        Some(index) => ensure_indexed_table(dynamodb, &wanted.aggregate_table, index).await?,
        None => ensure_aggregate_table(dynamodb, &wanted.aggregate_table).await?,
    }
    ensure_inbox_table(dynamodb, &wanted.inbox_table).await?;
    ensure_outbox_table(dynamodb, &wanted.outbox_table).await
}

/// What a call of the way to a resource ended with.
struct Unmade {
    retryable: bool,
    source: BoxError,
}

impl<E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static> From<SdkError<E>> for Unmade {
    fn from(error: SdkError<E>) -> Self {
        Self { retryable: unit_of_work::can_pass(&error), source: error.into() }
    }
}

/// A request that this code itself puts together wrongly.
impl From<BuildError> for Unmade {
    fn from(error: BuildError) -> Self {
        Self { retryable: false, source: error.into() }
    }
}

/// An answer in which something is missing.
impl From<&'static str> for Unmade {
    fn from(missing: &'static str) -> Self {
        Self { retryable: true, source: missing.into() }
    }
}

/// Names the resource in an error.
fn making(what: impl Into<String>) -> impl FnOnce(Unmade) -> ProvisionError {
    let what = what.into();
    move |Unmade { retryable, source }| ProvisionError { what, retryable, source }
}
