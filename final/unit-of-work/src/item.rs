//! Tables, items, and the way between them and your own types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

use crate::source::Source;

/// A DynamoDB item: attribute names and values.
pub type Item = HashMap<String, AttributeValue>;

/// A table's name and the names of its key attributes.
///
/// The key attributes are needed to see that two actions name the same item, which DynamoDB refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    name: String,
    partition_key: String,
    sort_key: Option<String>,
}

impl Table {
    /// A table whose key is one attribute.
    pub fn new(name: impl Into<String>, partition_key: impl Into<String>) -> Self {
        Self { name: name.into(), partition_key: partition_key.into(), sort_key: None }
    }

    /// The same table with a sort key.
    #[must_use]
    pub fn with_sort_key(mut self, sort_key: impl Into<String>) -> Self {
        self.sort_key = Some(sort_key.into());
        self
    }

    /// The table's name, as DynamoDB knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the partition key attribute.
    pub fn partition_key(&self) -> &str {
        &self.partition_key
    }

    /// The name of the sort key attribute, when the table has one.
    pub fn sort_key(&self) -> Option<&str> {
        self.sort_key.as_deref()
    }

    /// A key of this table made from its text values; `sort` is ignored by a table without a sort key.
    pub fn key(&self, partition: impl Into<String>, sort: Option<&str>) -> Item {
        let mut key = Item::from([(self.partition_key.clone(), AttributeValue::S(partition.into()))]);
        if let (Some(name), Some(value)) = (&self.sort_key, sort) {
            key.insert(name.clone(), AttributeValue::S(value.to_owned()));
        }
        key
    }

    /// The key attributes of a whole item.
    ///
    /// # Errors
    ///
    /// [`ItemError::MissingKey`] when a key attribute is absent: DynamoDB would refuse the item.
    pub(crate) fn key_of(&self, item: &Item) -> Result<Item, ItemError> {
        std::iter::once(&self.partition_key)
            .chain(&self.sort_key)
            .map(|name| match item.get(name) {
                Some(value) => Ok((name.clone(), value.clone())),
                None => Err(ItemError::MissingKey { table: self.name.clone(), attribute: name.clone() }),
            })
            .collect()
    }
}

/// An item does not fit its type or its table. No retry helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// The value cannot be written as an item.
    #[error("the value cannot be written as a dynamodb item; it must be a struct or a map")]
    Serialize {
        /// What serde_dynamo said.
        #[source]
        source: Source,
    },
    /// The item cannot be read as the type asked for.
    #[error("the stored item is not of the expected shape")]
    Deserialize {
        /// What serde_dynamo said.
        #[source]
        source: Source,
    },
    /// The item lacks a key attribute of its table.
    #[error("an item for table {table} lacks its key attribute {attribute}")]
    MissingKey {
        /// The table.
        table: String,
        /// The absent attribute.
        attribute: String,
    },
    /// The item cannot replace another version of itself, because it does not say which it is.
    #[error(
        "an item for table {table} needs a {attribute}: a whole number, and not 0 to replace the one before"
    )]
    NoVersion {
        /// The table.
        table: String,
        /// The attribute that holds the version.
        attribute: &'static str,
    },
}

/// Turns any serialisable type into an item, by `serde_dynamo`.
///
/// # Errors
///
/// [`ItemError::Serialize`] when the type is not a map or struct, or holds something DynamoDB has no type
/// for. No retry helps.
pub fn to_item(value: &impl Serialize) -> Result<Item, ItemError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value)
        .map_err(|source| ItemError::Serialize { source: Box::new(source) })
}

/// Turns an item back into your type.
///
/// # Errors
///
/// [`ItemError::Deserialize`] when an attribute is missing or of another type. No retry helps: the stored
/// item is not what the program expects.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, ItemError> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|source| ItemError::Deserialize { source: Box::new(source) })
}
