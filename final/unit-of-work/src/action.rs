//! The four things a unit of work can do to an item.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::{
    condition::Condition,
    item::{Item, ItemError, Table, to_item},
    write::{Write, WriteKind},
};

/// A write, and the error to return when its condition fails.
#[derive(Debug)]
pub struct Action<E> {
    pub(crate) write: Write,
    pub(crate) otherwise: Otherwise<E>,
}

/// What a commit returns when the condition of an action fails.
#[derive(Default)]
pub(crate) enum Otherwise<E> {
    /// Which action it was.
    #[default]
    Position,
    /// This error.
    Error(E),
    /// An error that is made of the item that is there.
    Found(Box<dyn FnOnce(Option<Item>) -> E + Send + Sync>),
}

impl<E: std::fmt::Debug> std::fmt::Debug for Otherwise<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Position => f.write_str("Position"),
            Self::Error(error) => error.fmt(f),
            Self::Found(_) => f.write_str("Found"),
        }
    }
}

impl<E> Action<E> {
    /// The error that the commit returns when this action's condition fails.
    #[must_use]
    pub fn or(mut self, error: E) -> Self {
        self.otherwise = Otherwise::Error(error);
        self
    }
}

impl<E> From<Write> for Action<E> {
    fn from(write: Write) -> Self {
        Self { write, otherwise: Otherwise::Position }
    }
}

/// What the four kinds share: an optional condition, and the error for when it fails.
macro_rules! conditional {
    ($kind:ident) => {
        impl $kind {
            /// The action takes effect only if this holds for the stored item; otherwise nothing of the unit
            /// of work does.
            #[must_use]
            pub fn when(mut self, condition: Condition) -> Self {
                self.0.condition = Some(condition);
                self
            }

            /// The error that the commit returns when the condition fails.
            pub fn or<E>(self, error: E) -> Action<E> {
                Action { write: self.0, otherwise: Otherwise::Error(error) }
            }

            /// The error that the commit returns when the condition fails, made of the item that is there:
            /// for those who would read it next, which costs a call. It costs no read unit ("Amazon DynamoDB
            /// API Reference, Put"). None when there is no item, or the database does not tell.
            ///
            /// Not for a race that is to be decided anew: the item is older than the pause before that.
            pub fn or_found<E>(
                mut self,
                error: impl FnOnce(Option<Item>) -> E + Send + Sync + 'static,
            ) -> Action<E> {
                self.0.wants_found = true;
                Action { write: self.0, otherwise: Otherwise::Found(Box::new(error)) }
            }
        }

        impl<E> From<$kind> for Action<E> {
            fn from(action: $kind) -> Self {
                action.0.into()
            }
        }
    };
}

/// Writes a whole item, replacing what was there.
#[derive(Debug)]
pub struct Put(Write);

impl Put {
    /// A put of `value`, which must hold the table's key attributes.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the value is no item or lacks a key attribute.
    pub fn new(table: &Table, value: &impl Serialize) -> Result<Self, ItemError> {
        Self::item(table, to_item(value)?)
    }

    /// A put of an item that is one already, for types that serde does not have, such as sets.
    ///
    /// # Errors
    ///
    /// [`ItemError::MissingKey`] when it lacks a key attribute.
    pub fn item(table: &Table, item: Item) -> Result<Self, ItemError> {
        let key = table.key_of(&item)?;
        Ok(Self(Write {
            table: table.clone(),
            key,
            kind: WriteKind::Put(item),
            condition: None,
            taken_by_others: false,
            wants_found: false,
        }))
    }

    /// Others may delete the item as soon as it is there, as a relay deletes what it has sent. When the
    /// outcome of a commit has to be found out from what is stored, the item still proves that the commit
    /// took effect, but its absence proves nothing.
    #[must_use]
    pub fn taken_by_others(mut self) -> Self {
        self.0.taken_by_others = true;
        self
    }
}

/// Changes attributes of an item and creates the item if it does not exist.
#[derive(Debug)]
pub struct Update(Write);

impl Update {
    /// An update of the item with this key; say what changes with `set`, `add` and `remove`.
    pub fn new(table: &Table, key: Item) -> Self {
        let kind = WriteKind::Update { set: Vec::new(), add: Vec::new(), remove: Vec::new() };
        Self(Write {
            table: table.clone(),
            key,
            kind,
            condition: None,
            taken_by_others: false,
            wants_found: false,
        })
    }

    /// Gives the attribute a value.
    #[must_use]
    pub fn set(mut self, attribute: impl Into<String>, value: AttributeValue) -> Self {
        if let WriteKind::Update { set, .. } = &mut self.0.kind {
            set.push((attribute.into(), value));
        }
        self
    }

    /// Adds to a number attribute; one that does not exist counts as 0.
    #[must_use]
    pub fn add(mut self, attribute: impl Into<String>, amount: i64) -> Self {
        if let WriteKind::Update { add, .. } = &mut self.0.kind {
            add.push((attribute.into(), amount));
        }
        self
    }

    /// Takes the attribute away.
    #[must_use]
    pub fn remove(mut self, attribute: impl Into<String>) -> Self {
        if let WriteKind::Update { remove, .. } = &mut self.0.kind {
            remove.push(attribute.into());
        }
        self
    }
}

/// Deletes an item; deleting one that does not exist is no error.
#[derive(Debug)]
pub struct Delete(Write);

impl Delete {
    /// A deletion of the item with this key.
    pub fn new(table: &Table, key: Item) -> Self {
        Self(Write {
            table: table.clone(),
            key,
            kind: WriteKind::Delete,
            condition: None,
            taken_by_others: false,
            wants_found: false,
        })
    }
}

/// Writes nothing, but the unit of work takes effect only if the condition holds: for a decision that rests
/// on an item which it does not change.
#[derive(Debug)]
pub struct Check(Write);

impl Check {
    /// A check of the item with this key.
    pub fn new(table: &Table, key: Item, condition: Condition) -> Self {
        Self(Write {
            table: table.clone(),
            key,
            kind: WriteKind::Check,
            condition: Some(condition),
            taken_by_others: false,
            wants_found: false,
        })
    }
}

conditional!(Put);
conditional!(Update);
conditional!(Delete);
conditional!(Check);
