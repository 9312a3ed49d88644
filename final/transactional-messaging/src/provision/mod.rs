//! Makes tables, topics and queues for development, tests and the embedded AWS. Everything may be called
//! again and changes nothing the second time. In AWS this is Terraform's work, and the services have no
//! permission for it.

mod broker;
mod error;
mod resources;
mod tables;
mod usable;

pub use error::ProvisionError;
pub use resources::{ServiceResources, Subscription};
pub use tables::{
    ensure_aggregate_table, ensure_inbox_table, ensure_indexed_table, ensure_outbox_table,
    ensure_scheduled_table, ensure_sent_table,
};
pub use usable::{Unusable, is_readable, until_made, until_usable};

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_sns::Client as Sns;
use aws_sdk_sqs::Client as Sqs;

/// Makes everything that a service needs and that is not there yet.
///
/// Its subscriptions come first: a message that is published while nobody is subscribed to its topic reaches
/// nobody.
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
    match (&wanted.aggregate_table, &wanted.aggregate_index) {
        (Some(table), Some(index)) => ensure_indexed_table(dynamodb, table, index).await?,
        (Some(table), None) => ensure_aggregate_table(dynamodb, table).await?,
        (None, _) => {}
    }
    if let Some(table) = &wanted.inbox_table {
        ensure_inbox_table(dynamodb, table).await?;
    }
    if let Some(table) = &wanted.outbox_table {
        ensure_outbox_table(dynamodb, table).await?;
    }
    Ok(())
}
