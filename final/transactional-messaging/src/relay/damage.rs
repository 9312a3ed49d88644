//! Rows that cannot be read. They are judged one by one, so that what stands in front of a damaged row is sent.
//!
//! The words name the attribute and never its value: they are stored as the reason of a parked row, and logged.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;
use unit_of_work::Item;
use uuid::Uuid;

use crate::outbox::{OutboxRow, RowKey};

/// A row of the outbox, as far as it can be read.
pub(super) type Row = Result<OutboxRow, Bad>;

/// A row that cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub(super) key: RowKey,
    /// Why; none when the row is marked already.
    pub(super) reason: Option<String>,
}

pub(super) fn key_of(row: &Row) -> (&str, &str) {
    match row {
        Ok(row) => (&row.partition, &row.sequence),
        Err(bad) => (&bad.key.partition, &bad.key.sequence),
    }
}

/// The row, if everything that sending needs is there and makes sense, and it is not parked. A mark is a mark whatever its type.
pub(super) fn row_of(mut item: Item) -> Row {
    let mut key = |name| text(&mut item, name).ok().unwrap_or_default();
    let key = RowKey { partition: key("PK"), sequence: key("SK") };
    if item.contains_key("Parked") {
        return Err(Bad { key, reason: None });
    }
    match content_of(item, &key.sequence) {
        Ok(row) => Ok(OutboxRow { partition: key.partition, sequence: key.sequence, ..row }),
        Err(what) => {
            let reason = format!("row {} is damaged: {what}; repair or remove it, then unpark", key.sequence);
            Err(Bad { key, reason: Some(reason) })
        }
    }
}

/// All but the key.
fn content_of(mut item: Item, sequence: &str) -> Result<OutboxRow, String> {
    if !is_sequence(sequence) {
        return Err("SK is no sequence of twenty digits".to_owned());
    }
    let predecessor = match item.remove("Predecessor") {
        None => None,
        Some(AttributeValue::S(before)) if is_sequence(&before) && before.as_str() < sequence => Some(before),
        Some(_) => return Err("Predecessor is no smaller sequence of twenty digits".to_owned()),
    };
    let message = text(&mut item, "Message")?;
    serde_json::from_str::<IgnoredAny>(&message).map_err(|_| "Message is not JSON")?;
    Ok(OutboxRow {
        partition: String::new(),
        sequence: String::new(),
        predecessor,
        message_id: id(&mut item, "MessageId")?,
        correlation_id: id(&mut item, "CorrelationId")?,
        kind: text(&mut item, "Kind")?,
        topic: text(&mut item, "Topic")?,
        message,
        created_at: text(&mut item, "CreatedAt")?,
        parked: None,
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

fn is_sequence(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}
