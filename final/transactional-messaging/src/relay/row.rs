//! Rows as they are read, and those that cannot be sent. They are judged one by one, so that what stands in
//! front of a damaged row is sent.
//!
//! The words name the attribute and never its value: they are stored as the reason of a parked row, and
//! logged.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, de::IgnoredAny};
use unit_of_work::Item;
use uuid::Uuid;

use crate::outbox::OutboxRow;

/// A row of the outbox, as far as it can be read.
pub(crate) type Row = Result<OutboxRow, Bad>;

/// A row that cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(super) partition: String,
    pub(super) sequence: String,
    /// Why; none when the row is marked already.
    pub(super) reason: Option<String>,
}

/// Partition key and sort key.
pub(crate) fn key_of(row: &Row) -> (&str, &str) {
    match row {
        Ok(row) => (&row.partition, &row.sequence),
        Err(bad) => (&bad.partition, &bad.sequence),
    }
}

/// The row, if everything that sending needs is there and makes sense, and it is not parked. A mark is a mark
/// whatever its type.
pub(super) fn row_of(mut item: Item) -> Row {
    let what = match item.contains_key("Parked") {
        true => None,
        false => match content_of(&mut item) {
            Ok(row) => return Ok(row),
            Err(what) => Some(what),
        },
    };
    let [partition, sequence] = ["PK", "SK"].map(|name| text(&mut item, name).unwrap_or_default());
    let reason =
        what.map(|what| format!("row {sequence} is damaged: {what}; repair or remove it, then unpark"));
    Err(Bad { partition, sequence, reason })
}

/// What is wrong, otherwise, and then the item still has its key.
fn content_of(item: &mut Item) -> Result<OutboxRow, String> {
    let [sequence, before] = ["SK", "Predecessor"].map(|name| item.get(name).map(sequence_in));
    let Some(Some(sequence)) = sequence else { return Err("SK is no sequence of twenty digits".to_owned()) };
    if before.is_some_and(|before| before.is_none_or(|before| before >= sequence)) {
        return Err("Predecessor is no smaller sequence of twenty digits".to_owned());
    }
    let message = text(item, "Message")?;
    serde_json::from_str::<IgnoredAny>(&message).map_err(|_| "Message is not JSON")?;
    let correlation_id = match item.contains_key("CorrelationId") {
        true => id(item, "CorrelationId")?,
        false => correlation_in(&message).ok_or("CorrelationId is missing, and in Message, too")?,
    };
    Ok(OutboxRow {
        predecessor: text(item, "Predecessor").ok(),
        message,
        message_id: id(item, "MessageId")?,
        correlation_id,
        kind: text(item, "Kind")?,
        topic: text(item, "Topic")?,
        created_at: text(item, "CreatedAt")?,
        parked: None,
        partition: text(item, "PK")?,
        sequence: text(item, "SK")?,
    })
}

fn text(item: &mut Item, name: &str) -> Result<String, String> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(format!("{name} is not a text, or empty")),
        None => Err(format!("{name} is missing")),
    }
}

fn id(item: &mut Item, name: &str) -> Result<Uuid, String> {
    Uuid::parse_str(&text(item, name)?).map_err(|_| format!("{name} is no uuid"))
}

/// A row with a trace context leaves its correlation id to the envelope.
pub(super) fn correlation_in(message: &str) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Of {
        correlationid: Uuid,
    }
    serde_json::from_str::<Of>(message).ok().map(|of| of.correlationid)
}

fn sequence_in(value: &AttributeValue) -> Option<&str> {
    let text = value.as_s().ok()?;
    (text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}
