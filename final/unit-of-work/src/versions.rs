//! Optimistic locking: an aggregate is written over the version that was read, or not at all.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::{
    action::{Check, Put},
    condition::Condition,
    item::{Item, ItemError, Table, to_item},
};

/// The attribute that holds an aggregate's version: 0 when it is new, one more with each change.
pub const VERSION: &str = "Version";

/// Aggregates with a [`VERSION`].
///
/// ```
/// # use serde::Serialize;
/// # use unit_of_work::{CommitError, MemoryDatabase, Table, UnitOfWork};
/// # use uuid::Uuid;
/// #[derive(Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Cart {
///     #[serde(rename = "PK")]
///     key: &'static str,
///     items: u32,
///     version: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = MemoryDatabase::new();
/// let carts = Table::new("carts", "PK");
/// let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::new_v4());
/// work.add(carts.insert(&Cart { key: "CART#1", items: 0, version: 0 })?);
/// work.commit(&database).await?;
///
/// // Two who have read version 0 write version 1: the first one wins.
/// for (items, wins) in [(3, true), (5, false)] {
///     let mut work = UnitOfWork::new(Uuid::new_v4());
///     work.add(carts.replace(&Cart { key: "CART#1", items, version: 1 })?.or("somebody was faster"));
///     let lost = matches!(work.commit(&database).await, Err(CommitError::Rejected("somebody was faster")));
///     assert_eq!(lost, !wins);
/// }
/// # Ok(())
/// # }
/// ```
impl Table {
    /// Writes an aggregate that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the row is no item or lacks a key attribute.
    pub fn insert(&self, row: &impl Serialize) -> Result<Put, ItemError> {
        Ok(Put::new(self, row)?.when(Condition::not_exists(self.partition_key())))
    }

    /// Writes a changed aggregate, whose version is one more than the one that it must still have.
    ///
    /// # Errors
    ///
    /// [`ItemError`], as above, or when the row has no version, or version 0, which replaces nothing.
    pub fn replace(&self, row: &impl Serialize) -> Result<Put, ItemError> {
        let item = to_item(row)?;
        let before = self.version_of(&item)?.checked_sub(1).ok_or_else(|| self.no_version())?;
        Ok(Put::item(self, item)?.when(Condition::number_is(VERSION, before)))
    }

    /// Checks that an aggregate still has the version of this row: for a decision that rests on it and leaves
    /// it as it is.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the row is no item, lacks a key attribute or has no version.
    pub fn unchanged(&self, row: &impl Serialize) -> Result<Check, ItemError> {
        let item = to_item(row)?;
        let version = Condition::number_is(VERSION, self.version_of(&item)?);
        Ok(Check::new(self, self.key_of(&item)?, version))
    }

    fn version_of(&self, item: &Item) -> Result<u64, ItemError> {
        let number = item.get(VERSION).and_then(|value| AttributeValue::as_n(value).ok());
        number.and_then(|number| number.parse().ok()).ok_or_else(|| self.no_version())
    }

    fn no_version(&self) -> ItemError {
        ItemError::NoVersion { table: self.name().to_owned(), attribute: VERSION }
    }
}
