//! DynamoDB's limits on a transaction, checked before anything is sent.
//!
//! Source: "Amazon DynamoDB API Reference, TransactWriteItems" (100 actions, 4 MB together, no two actions on
//! one item) and "Developer Guide, Quotas" (400 KB an item), read November 2026.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    item::Item,
    write::{Write, WriteKind},
};

/// The most actions in one transaction.
pub const MAX_ACTIONS: usize = 100;
/// The largest item, in bytes, attribute names included.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// The most bytes of all items of one transaction together.
pub const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;

/// What a database takes in one transaction. Sizes are measured by [the rules of DynamoDB](item_size).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most actions.
    pub actions: usize,
    /// The largest item, in bytes.
    pub item_bytes: usize,
    /// The most bytes of all items together.
    pub transaction_bytes: usize,
}

impl Limits {
    /// Those of DynamoDB.
    pub const DYNAMODB: Self =
        Self { actions: MAX_ACTIONS, item_bytes: MAX_ITEM_BYTES, transaction_bytes: MAX_TRANSACTION_BYTES };
}

/// A unit of work that its database would refuse. No retry helps: make it smaller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Too many actions, such as an event for each of two hundred lines of an order.
    ///
    /// Several units of work make one change only if somebody finishes what another began: each commits some
    /// of it together with a note of how far it has come, under the condition that the note is as it was
    /// read, and whoever finds a note that is not at its end goes on from there.
    #[error(
        "{actions} actions, at most {at_most} fit into one transaction; commit a part, and with it how far it \
         has come, and go on from there"
    )]
    TooManyActions {
        /// How many there were.
        actions: usize,
        /// How many there may be.
        at_most: usize,
    },
    /// An item that is too large.
    #[error("action {action} writes {bytes} bytes to table {table}, an item holds at most {at_most}")]
    ItemTooLarge {
        /// Position of the action, from 0.
        action: usize,
        /// The table.
        table: String,
        /// The item's size.
        bytes: usize,
        /// The size that it may have.
        at_most: usize,
    },
    /// Items that are too large together.
    #[error("{bytes} bytes in all, at most {at_most} fit into one transaction; split the work")]
    TransactionTooLarge {
        /// The size of all items together.
        bytes: usize,
        /// The size that they may have.
        at_most: usize,
    },
    /// Two actions on the same item.
    #[error("actions {first} and {second} name the same item of table {table}; merge them into one")]
    SameItemTwice {
        /// The table.
        table: String,
        /// Position of the first action, from 0.
        first: usize,
        /// Position of the second action, from 0.
        second: usize,
    },
}

/// Checks the writes of one transaction. No two may name the same item, whatever the limits.
pub(crate) fn check(writes: &[Write], limits: Limits) -> Result<(), LimitError> {
    let Limits { actions: at_most, item_bytes, transaction_bytes } = limits;
    if writes.len() > at_most {
        return Err(LimitError::TooManyActions { actions: writes.len(), at_most });
    }
    let mut total = 0;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (action, write) in writes.iter().enumerate() {
        let (bytes, table) = (write_size(write), || write.table.name().to_owned());
        if bytes > item_bytes {
            return Err(LimitError::ItemTooLarge { action, table: table(), bytes, at_most: item_bytes });
        }
        total += bytes;
        if let Some(first) = seen.insert(identity(write), action) {
            return Err(LimitError::SameItemTwice { table: table(), first, second: action });
        }
    }
    if total > transaction_bytes {
        return Err(LimitError::TransactionTooLarge { bytes: total, at_most: transaction_bytes });
    }
    Ok(())
}

/// A text that two writes share exactly when they name the same item.
fn identity(write: &Write) -> String {
    let mut key: Vec<_> = write.key.iter().collect();
    key.sort_by_key(|(name, _)| *name);
    format!("{}{key:?}", write.table.name())
}

/// What a write adds to the transaction. Of an update only the new values are known here; DynamoDB checks the
/// item's final size.
fn write_size(write: &Write) -> usize {
    match &write.kind {
        WriteKind::Put(item) => item_size(item),
        WriteKind::Update { set, .. } => {
            item_size(&write.key)
                + set.iter().map(|(name, value)| name.len() + value_size(value)).sum::<usize>()
        }
        WriteKind::Delete | WriteKind::Check => item_size(&write.key),
    }
}

/// The size of an item in bytes, by the rules of the "Developer Guide, DynamoDB item sizes and formats":
/// UTF-8 length of names and texts, 3 bytes and 1 per element for lists and maps, about one byte per two
/// significant digits of a number, plus one.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => number_size(digits),
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|digits| number_size(digits)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len()).sum(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + item_size(map) + map.len(),
        _ => 1,
    }
}

/// The guide gives no exact rule; one byte for each two digits plus two is never below it.
fn number_size(digits: &str) -> usize {
    digits.len().div_ceil(2) + 2
}
