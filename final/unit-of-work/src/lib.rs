//! One atomic commit on DynamoDB.
//!
//! A [`UnitOfWork`] collects writes to any number of tables and sends them as one
//! [`TransactWriteItems`](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
//! call: all of them take effect, or none. It is built by value, [`commit`](UnitOfWork::commit) consumes it,
//! and dropping it writes nothing, so there is no half-open transaction to forget and no second commit to
//! prevent.
//!
//! Each action may carry the error that *you* want back when its condition fails:
//!
//! ```
//! use unit_of_work::{CommitError, Condition, MemoryDatabase, Put, Table, UnitOfWork};
//! # use uuid::Uuid;
//! #[derive(Debug, PartialEq)]
//! enum Rejected { NameTaken }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = Table::new("users", "PK");
//! let database = MemoryDatabase::new(); // in production: `DynamoDb::new(client)`
//!
//! for expected in [Ok(()), Err(Rejected::NameTaken)] {
//!     let mut work = UnitOfWork::new(Uuid::new_v4());
//!     work.add(
//!         Put::new(&users, &[("PK", "USER#ada")].into_iter().collect::<std::collections::HashMap<_, _>>())?
//!             .when(Condition::not_exists("PK"))
//!             .or(Rejected::NameTaken),
//!     );
//!     let outcome = match work.commit(&database).await {
//!         Err(CommitError::Rejected(reason)) => Err(reason),
//!         other => Ok(other.map_err(|error| error.to_string())?),
//!     };
//!     assert_eq!(outcome, expected);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What it takes off your hands:
//!
//! - **Limits** ([`LimitError`]): 100 actions, 4 MB together, 400 KB an item, one action per item. They are
//!   checked before any call, so a commit that can never succeed fails at once and says why.
//! - **Unknown outcomes**: after a time-out or a server error nobody knows whether the commit took effect.
//!   The unit of work sends the same request with the same client request token again; DynamoDB applies it at
//!   most once for ten minutes. When more time than that has passed (a frozen process, say), it sends nothing
//!   but looks whether the items that it inserts are there.
//! - **Contention**: a `TransactionConflict`, which the SDK does not retry, is retried with full jitter.
//! - **Cancellation reasons**: the whole list is read, and the first failed condition decides.
//!
//! [`Table::insert`], [`Table::replace`] and [`Table::unchanged`] write aggregates by optimistic locking, and
//! [`retry_lost_races`] wraps load, decide and commit when somebody else's commit came between. [`Database`]
//! is open for other stores, and for layers around one.

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod action;
mod condition;
mod database;
mod dynamodb;
mod error;
mod evidence;
mod item;
mod judge;
mod limits;
mod many;
mod memory;
mod metered;
mod races;
mod source;
mod versions;
mod work;
mod write;

pub use action::{Action, Check, Delete, Put, Update};
pub use condition::Condition;
pub use database::{CancellationReason, Database, ReadError, TransactFailure};
pub use dynamodb::DynamoDb;
pub use error::{CommitError, LoadError};
pub use item::{Item, ItemError, Table, from_item, to_item};
pub use judge::{can_pass, never_left};
pub use limits::{LimitError, Limits, MAX_ACTIONS, MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES, item_size};
pub use memory::MemoryDatabase;
pub use races::{LostRace, retry_lost_races};
pub use versions::VERSION;
pub use waiting::Backoff;
pub use work::UnitOfWork;
pub use write::{Write, WriteKind};

/// The value of an attribute, re-exported so that callers need not name the SDK crate.
pub use aws_sdk_dynamodb::types::AttributeValue;
