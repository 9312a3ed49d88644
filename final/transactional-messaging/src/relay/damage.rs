//! Rows and heads that cannot be read. They are judged one by one, so that what stands in front of a damaged row is sent.
//!
//! The words name the attribute and never its value: they are stored as the reason of a parked subject, and logged.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;
use unit_of_work::{Item, from_item};
use uuid::Uuid;

use super::store::Head;
use crate::outbox::OutboxRow;

/// What is wrong with a row or a head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("row {row} is damaged: {what}; repair or remove it, then unpark")]
    Row { row: String, what: String },
    #[error("the head is damaged: {what}; repair it, then unpark")]
    Head { what: &'static str },
}

/// The row, if everything that sending needs is there and makes sense.
pub(super) fn row_of(item: Item) -> Result<OutboxRow, Damage> {
    let row = text(&item, "SK").unwrap_or_default().to_owned();
    match fault_of(&item) {
        Some(what) => Err(Damage::Row { row, what }),
        None => from_item(item).map_err(|_| Damage::Row {
            row,
            what: "an attribute is missing or of the wrong type".to_owned(),
        }),
    }
}

/// The head. A mark is a mark whatever its type; a watermark that is no sequence would hide rows behind it, or send all again.
pub(super) fn head_of(item: &Item) -> Result<Head, Damage> {
    let watermark = match item.get("Watermark") {
        None => None,
        Some(AttributeValue::S(watermark)) if is_sequence(watermark) => Some(watermark.clone()),
        Some(_) if item.contains_key("Parked") => None,
        Some(_) => return Err(Damage::Head { what: "Watermark is no sequence of twenty digits" }),
    };
    let parked = item.get("Parked").map(|mark| mark.as_s().cloned().unwrap_or_default());
    Ok(Head { watermark, parked })
}

fn fault_of(item: &Item) -> Option<String> {
    if !text(item, "SK").is_some_and(is_sequence) {
        return Some("SK is no sequence of twenty digits".to_owned());
    }
    let needed = ["PK", "MessageId", "CorrelationId", "Kind", "Topic", "Message"];
    if let Some(name) = needed.into_iter().find(|name| text(item, name).is_none_or(str::is_empty)) {
        let what = if item.contains_key(name) { "not a text, or empty" } else { "missing" };
        return Some(format!("{name} is {what}"));
    }
    let is_uuid = |name: &&str| text(item, name).is_some_and(|text| Uuid::parse_str(text).is_ok());
    if let Some(name) = ["MessageId", "CorrelationId"].iter().find(|name| !is_uuid(name)) {
        return Some(format!("{name} is no uuid"));
    }
    if text(item, "Message").is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_err()) {
        return Some("Message is not JSON".to_owned());
    }
    None
}

/// A row whose key sorts elsewhere would take the watermark with it, past messages that were never sent.
fn is_sequence(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
