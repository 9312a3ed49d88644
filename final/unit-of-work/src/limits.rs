//! DynamoDB's limits on a transaction, checked before anything is sent.
//!
//! Source: "Amazon DynamoDB API Reference, TransactWriteItems" (100 actions, 4 MB together, no two actions on one item) and
//! "Developer Guide, Quotas" (400 KB an item), read November 2026.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    database::{Write, WriteKind},
    item::Item,
};

/// The most actions in one transaction.
pub const MAX_ACTIONS: usize = 100;
/// The largest item, in bytes, attribute names included.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// The most bytes of all items of one transaction together.
pub const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;

/// A unit of work that DynamoDB would refuse. No retry helps: make it smaller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// More than 100 actions.
    #[error("{actions} actions, at most {MAX_ACTIONS} fit into one transaction; split the work")]
    TooManyActions {
        /// How many there were.
        actions: usize,
    },
    /// An item over 400 KB.
    #[error("action {action} writes {bytes} bytes to table {table}, an item holds at most {MAX_ITEM_BYTES}")]
    ItemTooLarge {
        /// Position of the action, from 0.
        action: usize,
        /// The table.
        table: String,
        /// The item's size.
        bytes: usize,
    },
    /// Items of more than 4 MB together.
    #[error("{bytes} bytes in all, at most {MAX_TRANSACTION_BYTES} fit into one transaction; split the work")]
    TransactionTooLarge {
        /// The size of all items together.
        bytes: usize,
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

pub(crate) fn check(writes: &[&Write]) -> Result<(), LimitError> {
    if writes.len() > MAX_ACTIONS {
        return Err(LimitError::TooManyActions { actions: writes.len() });
    }
    let mut total = 0;
    let mut seen: HashSet<String> = HashSet::new();
    for (action, write) in writes.iter().enumerate() {
        let bytes = write_size(write);
        if bytes > MAX_ITEM_BYTES {
            return Err(LimitError::ItemTooLarge { action, table: write.table.name().to_owned(), bytes });
        }
        total += bytes;
        if !seen.insert(identity(write)) {
            let first = writes.iter().position(|other| identity(other) == identity(write)).unwrap_or(action);
            return Err(LimitError::SameItemTwice {
                table: write.table.name().to_owned(),
                first,
                second: action,
            });
        }
    }
    if total > MAX_TRANSACTION_BYTES {
        return Err(LimitError::TransactionTooLarge { bytes: total });
    }
    Ok(())
}

/// A text that two writes share exactly when they name the same item.
fn identity(write: &Write) -> String {
    let mut key: Vec<_> = write.key.iter().collect();
    key.sort_by_key(|(name, _)| *name);
    format!("{}{key:?}", write.table.name())
}

/// What a write adds to the transaction. Of an update only the new values are known here; DynamoDB checks the item's final size.
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

/// The size of an item in bytes, by the rules of the "Developer Guide, DynamoDB item sizes and formats": UTF-8 length of names and
/// texts, 3 bytes and 1 per element for lists and maps, about one byte per two significant digits of a number, plus one.
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
