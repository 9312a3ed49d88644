//! The outbox: events that are stored now and published later.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};

/// The index over rows that are not published yet; a published row leaves it.
pub const PENDING_INDEX: &str = "PendingIndex";

/// The key under which all pending rows stand in the index.
pub const PENDING: &str = "x";

/// An event that is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Row {
    #[serde(rename = "PK")]
    pub key: String,
    pub topic: String,
    pub message: String,
    pub created_at: String,
}

// ANCHOR: publish
/// Stores the event; the poller publishes it.
///
/// It is stored before the change it tells of: the other way round a crash in between would lose it.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn publish(app: &App, event: Event) -> Result<(), Error> {
    let envelope = Envelope { id: app.ambient.id(), time: app.ambient.timestamp(), event };
    let row = Row {
        key: format!("MESSAGE#{}", envelope.id),
        topic: envelope.event.topic().to_owned(),
        message: serde_json::to_string(&envelope).map_err(Error::aws)?,
        created_at: envelope.time,
    };
    let item = serde_dynamo::to_item(&row).map_err(Error::aws)?;
    #[expect(clippy::disallowed_methods, reason = "this chapter shows what comes of it")]
    let request = app.dynamodb.put_item().table_name(table_of(&row.topic)).set_item(Some(item));
    let request = request.item("Pending", AttributeValue::S(PENDING.to_owned()));
    request.send().await.map_err(Error::aws)?;
    Ok(())
}
// ANCHOR_END: publish

/// Each service has an outbox of its own.
fn table_of(topic: &str) -> &'static str {
    if topic.starts_with("order--") { "orders-outbox" } else { "customers-outbox" }
}
