//! The outbox: events that are stored now, published later, and deleted then. What it holds was not sent.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};
use crate::unit_of_work::UnitOfWork;

/// An event that is stored under its subject, by its number among the events of the subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Row {
    #[serde(rename = "PK")]
    pub subject: String,
    #[serde(rename = "SK")]
    pub sequence: String,
    /// The sequence of the event before it. The first event of a subject has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<String>,
    pub topic: String,
    pub message: String,
    pub created_at: String,
    /// Why it cannot be sent. It and those behind it wait for somebody to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
}

// ANCHOR: publish
/// Adds the event to the unit of work; the relay publishes it after the commit. `number` says how many events
/// its subject had before it: the aggregate that the same unit of work stores knows.
///
/// # Errors
///
/// [`Error::Aws`] if the event cannot be stored as an item.
pub fn publish(app: &App, work: &mut UnitOfWork, number: u64, event: Event) -> Result<(), Error> {
    let envelope = Envelope { id: app.ambient.id(), time: app.ambient.timestamp(), event };
    let sequence = |number: u64| format!("{number:020}");
    let row = Row {
        subject: envelope.event.subject(),
        sequence: sequence(number),
        predecessor: number.checked_sub(1).map(sequence),
        topic: envelope.event.topic().to_owned(),
        message: serde_json::to_string(&envelope).map_err(Error::aws)?,
        created_at: envelope.time,
        parked: None,
    };
    work.insert(table_of(&row.topic), &row.subject, &row, Error::LostRace)
}
// ANCHOR_END: publish

/// Each service has an outbox of its own.
fn table_of(topic: &str) -> &'static str {
    if topic.starts_with("order--") { "orders-outbox" } else { "customers-outbox" }
}

/// Deletes a row that was sent.
///
/// # Errors
///
/// [`Error::Aws`]: the row may be published once more.
pub async fn delete(app: &App, table: &str, row: &Row) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "it deletes what was published, and publishes nothing")]
    let request = app.dynamodb.delete_item().table_name(table);
    let request = request.key("PK", text(&row.subject)).key("SK", text(&row.sequence));
    request.send().await.map(drop).map_err(Error::aws)
}

// ANCHOR: park
/// Marks a row that cannot be sent. Those behind it wait, so that the sequence is kept.
///
/// # Errors
///
/// [`Error::LostRace`] if another relay has sent it meanwhile, [`Error::Aws`]
pub async fn park(app: &App, table: &str, row: &Row, reason: &str) -> Result<(), Error> {
    tracing::error!(table, row.subject, reason, "a row was parked: mend the cause, then remove the mark");
    #[expect(clippy::disallowed_methods, reason = "it marks a row, and publishes nothing")]
    let request = app.dynamodb.update_item().table_name(table);
    let request = request.key("PK", text(&row.subject)).key("SK", text(&row.sequence));
    let request =
        request.update_expression("SET Parked = :reason").condition_expression("attribute_exists(PK)");
    match request.expression_attribute_values(":reason", text(reason)).send().await {
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Err(Error::LostRace),
        answer => answer.map(drop).map_err(Error::aws),
    }
}
// ANCHOR_END: park

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
