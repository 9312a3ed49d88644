//! What a unit of work needs of a database.

use std::future::Future;

use uuid::Uuid;

use crate::{
    item::{Item, Table},
    limits::Limits,
    source::Source,
    write::Write,
};

/// Why a transaction was cancelled, as told for one of its actions.
#[derive(Clone, Debug, PartialEq)]
pub enum CancellationReason {
    /// This action was not the cause.
    None,
    /// Its condition did not hold. With the item that is there, if the write asked for it.
    ConditionFailed(Option<Item>),
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
    /// Nobody knows whether it took effect: a time-out, a broken connection, a server error, or the same
    /// token in progress.
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
///
/// The trait is open: another store can implement it, and so can a layer around one that counts, traces or
/// breaks calls. All that an implementation needs is public, `examples/another_database.rs` is one, and it
/// promises three things, on which the retries of [`UnitOfWork::commit`](crate::UnitOfWork::commit) rest:
///
/// - all writes or none, each under its [`Condition`](crate::Condition), judged against one state of the
///   whole database;
/// - a token that was applied is not applied again, for ten minutes at least;
/// - a [`TransactFailure`] other than [`Unknown`](TransactFailure::Unknown) means that nothing was written,
///   and never will be.
pub trait Database: Send + Sync {
    /// Applies all writes or none. A second call with the same token and the same writes must not apply them
    /// again.
    fn transact(
        &self,
        token: Uuid,
        writes: &[Write],
    ) -> impl Future<Output = Result<(), TransactFailure>> + Send;

    /// Reads an item, strongly consistent: a decision must not rest on yesterday's data.
    fn get(&self, table: &Table, key: Item) -> impl Future<Output = Result<Option<Item>, ReadError>> + Send;

    /// What it takes in one transaction. A unit of work over a limit is refused before any call.
    fn limits(&self) -> Limits {
        Limits::DYNAMODB
    }
}
