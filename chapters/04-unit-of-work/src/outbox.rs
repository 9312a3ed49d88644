//! The outbox: events that are stored now and published later.

use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};
use crate::unit_of_work::UnitOfWork;

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
    pub pending: Option<String>,
}

// ANCHOR: publish
/// Adds the event to the unit of work; the poller publishes it after the commit.
///
/// # Errors
///
/// [`Error::Aws`] if the event cannot be stored as an item.
pub fn publish(app: &App, work: &mut UnitOfWork, event: Event) -> Result<(), Error> {
    let envelope = Envelope { id: app.ambient.id(), time: app.ambient.timestamp(), event };
    let row = Row {
        key: format!("MESSAGE#{}", envelope.id),
        topic: envelope.event.topic().to_owned(),
        message: serde_json::to_string(&envelope).map_err(Error::aws)?,
        created_at: envelope.time,
        pending: Some(PENDING.to_owned()),
    };
    work.insert(table_of(&row.topic), &row.key, &row, Error::LostRace)
}
// ANCHOR_END: publish

/// Each service has an outbox of its own.
fn table_of(topic: &str) -> &'static str {
    if topic.starts_with("order--") { "orders-outbox" } else { "customers-outbox" }
}
