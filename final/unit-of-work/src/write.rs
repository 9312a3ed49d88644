//! A write as a value: what a unit of work hands to its database.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    condition::Condition,
    item::{Item, Table},
};

/// One write of a transaction.
#[derive(Clone, Debug)]
pub struct Write {
    /// The table.
    pub table: Table,
    /// The key of the item.
    pub key: Item,
    /// What happens to the item.
    pub kind: WriteKind,
    /// What must be true of the stored item.
    pub condition: Option<Condition>,
    /// Others may delete the item as soon as it is there, so its absence tells nothing of this write.
    pub taken_by_others: bool,
    /// Whether the item that is there is asked for when the condition fails.
    pub wants_found: bool,
}

/// What happens to an item.
#[derive(Clone, Debug)]
pub enum WriteKind {
    /// The item is replaced by this one.
    Put(Item),
    /// Attributes change.
    Update {
        /// Attributes that get a value.
        set: Vec<(String, AttributeValue)>,
        /// Number attributes that grow by an amount.
        add: Vec<(String, i64)>,
        /// Attributes that go.
        remove: Vec<String>,
    },
    /// The item goes.
    Delete,
    /// Nothing; only the condition counts.
    Check,
}
