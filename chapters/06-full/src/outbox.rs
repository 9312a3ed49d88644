//! The outbox: events that are stored now and published later.

use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};
use crate::unit_of_work::UnitOfWork;

/// The index over rows that are not published yet; a published row leaves it.
pub const PENDING_INDEX: &str = "PendingIndex";

/// The index spreads over this many partitions: all rows under one key would share the throughput of one.
pub const PENDING_SHARDS: u64 = 4;

/// The sequence of a subject's head: it sorts before all others.
pub const HEAD: &str = "#HEAD";

/// An event that is stored under its subject, in the order of the subject's versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Row {
    #[serde(rename = "PK")]
    pub subject: String,
    #[serde(rename = "SK")]
    pub sequence: String,
    pub topic: String,
    pub message: String,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_shard: Option<String>,
}

// ANCHOR: publish
/// Adds the event to the unit of work; the relay publishes it after the commit. `version` is that of the subject which
/// the same unit of work stores: a later version can be committed only after this one.
///
/// # Errors
///
/// [`Error::Aws`] if the event cannot be stored as an item.
pub fn publish(app: &App, work: &mut UnitOfWork, version: u64, event: Event) -> Result<(), Error> {
    let envelope = Envelope { id: app.ambient.id(), time: app.ambient.timestamp(), event };
    let subject = envelope.event.subject();
    let row = Row {
        sequence: format!("{version:020}"),
        topic: envelope.event.topic().to_owned(),
        message: serde_json::to_string(&envelope).map_err(Error::aws)?,
        created_at: envelope.time,
        pending_shard: Some((subject.bytes().map(u64::from).sum::<u64>() % PENDING_SHARDS).to_string()),
        subject,
    };
    work.insert(table_of(&row.topic), &row.subject, &row)
}
// ANCHOR_END: publish

/// Each service has an outbox of its own.
fn table_of(topic: &str) -> &'static str {
    if topic.starts_with("order--") { "orders-outbox" } else { "customers-outbox" }
}
