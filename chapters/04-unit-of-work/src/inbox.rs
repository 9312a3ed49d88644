//! The inbox: which messages a consumer has handled.

use serde::Serialize;
use uuid::Uuid;

use crate::App;
use crate::error::Error;
use crate::unit_of_work::UnitOfWork;

const TABLE: &str = "inbox";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    created_at: String,
}

// ANCHOR: inbox
/// Remembers that this consumer has handled this message; the commit fails if it had before. Call it first:
/// the first condition that failed decides, and that a message was handled outranks all others.
///
/// # Errors
///
/// [`Error::Aws`] if the row cannot be stored as an item.
pub fn remember(app: &App, work: &mut UnitOfWork, consumer: &str, message_id: Uuid) -> Result<(), Error> {
    // The consumer's name is part of the key: two consumers may handle the same message.
    let key = format!("MESSAGE#{consumer}#{message_id}");
    work.insert(TABLE, &key, &Row { created_at: app.ambient.timestamp() }, Error::AlreadyHandled)
}
// ANCHOR_END: inbox
