//! What a unit of work needs of a database, and the two answers to it: DynamoDB and memory.

use std::future::Future;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use crate::{
    condition::Condition,
    error::Source,
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

/// Why a transaction was cancelled, as told for one of its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancellationReason {
    /// This action was not the cause.
    None,
    /// Its condition did not hold.
    ConditionFailed,
    /// Another transaction was at work on the item.
    Conflict,
    /// The table or its capacity was over its limits.
    Throttled,
    /// Something that no retry cures, such as a value of the wrong type for an index.
    Other(String),
}

/// Why a transaction did not go through.
#[derive(Debug, thiserror::Error)]
pub enum TransactFailure {
    /// Cancelled, with one reason for each action in the order of the actions. Nothing was written.
    #[error("the transaction was cancelled")]
    Cancelled(Vec<CancellationReason>),
    /// Throttled as a whole. Nothing was written.
    #[error("the transaction was throttled")]
    Throttled,
    /// Nothing was written, for a reason that passes by itself: no connection, an expired token.
    #[error("the transaction was not taken, which passes")]
    Passes(#[source] Source),
    /// Nobody knows whether it took effect: a time-out, a broken connection, a server error, or the same token in progress.
    #[error("the outcome of the transaction is unknown")]
    Unknown(#[source] Source),
    /// Refused for a reason that no retry cures. Nothing was written.
    #[error("the transaction was refused")]
    Refused(#[source] Source),
}

/// An item could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading an item of table {table} failed; {}", if *.retryable { "try again" } else { "check the table's name and the permissions" })]
pub struct ReadError {
    /// The table.
    pub table: String,
    /// Whether trying again can help.
    pub retryable: bool,
    /// What the database said.
    #[source]
    pub source: Source,
}

/// A database that a unit of work can commit to. [`DynamoDb`](crate::DynamoDb) is the real one;
/// [`MemoryDatabase`](crate::MemoryDatabase) judges the same conditions for tests of pure logic.
pub trait Database: Send + Sync {
    /// Applies all writes or none. A second call with the same token and the same writes must not apply them again.
    fn transact(
        &self,
        token: Uuid,
        writes: &[Write],
    ) -> impl Future<Output = Result<(), TransactFailure>> + Send;

    /// Reads an item, strongly consistent: a decision must not rest on yesterday's data.
    fn get(&self, table: &Table, key: Item) -> impl Future<Output = Result<Option<Item>, ReadError>> + Send;
}
