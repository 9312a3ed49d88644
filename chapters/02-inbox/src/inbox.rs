//! The inbox: which messages a consumer has handled.

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use crate::App;
use crate::error::Error;

const TABLE: &str = "inbox";

// ANCHOR: inbox
/// Whether this consumer has handled this message.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn contains(app: &App, consumer: &str, message_id: Uuid) -> Result<bool, Error> {
    let request = app.dynamodb.get_item().table_name(TABLE).consistent_read(true);
    let answer = request.key("PK", key(consumer, message_id)).send().await.map_err(Error::aws)?;
    Ok(answer.item.is_some())
}

/// Remembers that this consumer has handled this message.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn remember(app: &App, consumer: &str, message_id: Uuid) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "this chapter shows what comes of it")]
    let request = app.dynamodb.put_item().table_name(TABLE);
    let request = request.item("PK", key(consumer, message_id));
    let request = request.item("CreatedAt", AttributeValue::S(app.ambient.timestamp()));
    request.send().await.map_err(Error::aws)?;
    Ok(())
}
// ANCHOR_END: inbox

/// The consumer's name is part of the key: two consumers may handle the same message.
fn key(consumer: &str, message_id: Uuid) -> AttributeValue {
    AttributeValue::S(format!("MESSAGE#{consumer}#{message_id}"))
}
