//! How far each subject is published: the watermark, kept in the subject's head item beside its rows.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::Deserialize;

use crate::App;
use crate::error::Error;
use crate::outbox::{HEAD, Row};

/// How many rows are published at once; with the head they fit into one transaction.
const PAGE: i32 = 25;

/// How long published rows are kept, in seconds: a week.
const KEEP: i64 = 7 * 24 * 60 * 60;

/// How far a subject is published.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Head {
    /// Everything up to this sequence was published.
    pub watermark: String,
    /// Why the next message cannot be sent. It and those behind it wait for somebody to look.
    pub parked: Option<String>,
}

impl Default for Head {
    fn default() -> Self {
        Self { watermark: HEAD.to_owned(), parked: None }
    }
}

/// The head of a subject.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn head(app: &App, table: &str, subject: &str) -> Result<Head, Error> {
    let request = app.dynamodb.get_item().table_name(table).consistent_read(true);
    let request = request.key("PK", text(subject)).key("SK", text(HEAD));
    let answer = request.send().await.map_err(Error::aws)?;
    Ok(answer.item.map(serde_dynamo::from_item).transpose().map_err(Error::aws)?.unwrap_or_default())
}

/// The subject's next rows, read consistently: whatever the stream's order is, this is that of the commits.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn pending(app: &App, table: &str, subject: &str, head: &Head) -> Result<Vec<Row>, Error> {
    let request = app.dynamodb.query().table_name(table).consistent_read(true).limit(PAGE);
    let request = request.key_condition_expression("PK = :subject AND SK > :watermark");
    let request = request.expression_attribute_values(":subject", text(subject));
    let request = request.expression_attribute_values(":watermark", text(&head.watermark));
    let answer = request.send().await.map_err(Error::aws)?;
    serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(Error::aws)
}

// ANCHOR: advance
/// Moves the watermark over published rows; the rows leave the pending index and will expire.
///
/// # Errors
///
/// [`Error::LostRace`] if another relay was faster, [`Error::Aws`]: the rows may be published once more.
pub async fn advance(app: &App, table: &str, head: &Head, sent: &[Row]) -> Result<(), Error> {
    let Some(last) = sent.last() else { return Ok(()) };
    let update_head = update(table, &last.subject, HEAD)
        .update_expression("SET Watermark = :to")
        .condition_expression("attribute_not_exists(Watermark) OR Watermark = :from")
        .expression_attribute_values(":from", text(&head.watermark))
        .expression_attribute_values(":to", text(&last.sequence));
    let mut updates = vec![update_head];
    let expires = AttributeValue::N((app.ambient.now().unix_timestamp() + KEEP).to_string());
    for row in sent {
        let update = update(table, &row.subject, &row.sequence);
        let update = update.update_expression("REMOVE PendingShard SET ExpiresAt = :expires");
        updates.push(update.expression_attribute_values(":expires", expires.clone()));
    }
    let mut actions = Vec::new();
    for update in updates {
        actions.push(TransactWriteItem::builder().update(update.build().map_err(Error::aws)?).build());
    }
    #[expect(clippy::disallowed_methods, reason = "it notes what was published, and publishes nothing")]
    let request = app.dynamodb.transact_write_items().set_transact_items(Some(actions));
    match request.send().await {
        Err(error) if error.code() == Some("TransactionCanceledException") => Err(Error::LostRace),
        answer => answer.map(drop).map_err(Error::aws),
    }
}
// ANCHOR_END: advance

/// Sets a subject aside: its next message cannot be sent, and those behind it wait, so that order is kept.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn park(app: &App, table: &str, subject: &str, reason: &str) -> Result<(), Error> {
    tracing::error!(table, subject, reason, "a subject was parked: mend the cause, then remove the mark");
    #[expect(clippy::disallowed_methods, reason = "it marks a subject, and publishes nothing")]
    let request = app.dynamodb.update_item().table_name(table).key("PK", text(subject)).key("SK", text(HEAD));
    let request = request.update_expression("SET Parked = :reason");
    request.expression_attribute_values(":reason", text(reason)).send().await.map_err(Error::aws)?;
    Ok(())
}

fn update(table: &str, subject: &str, sequence: &str) -> UpdateBuilder {
    Update::builder().table_name(table).key("PK", text(subject)).key("SK", text(sequence))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
