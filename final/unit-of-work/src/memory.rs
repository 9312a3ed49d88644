//! A database in memory for tests of pure logic: it honours conditions, and writes only on commit.
//!
//! The tests of this crate run the same random units of work against it and against the embedded DynamoDB and
//! compare. It keeps numbers as they were written, where DynamoDB stores `1.50` as `1.5`, and adds to whole
//! numbers only.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use crate::{
    database::{CancellationReason, Database, ReadError, TransactFailure},
    item::{Item, Table},
    write::{Write, WriteKind},
};

/// Tables in memory. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct MemoryDatabase {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    tables: BTreeMap<String, BTreeMap<String, Item>>,
    tokens: HashSet<Uuid>,
}

impl MemoryDatabase {
    /// An empty database; a table exists as soon as it is named.
    pub fn new() -> Self {
        Self::default()
    }

    /// All items of a table, in the order of their keys.
    pub fn items(&self, table: &Table) -> Vec<Item> {
        self.lock()
            .tables
            .get(table.name())
            .map(|items| items.values().cloned().collect())
            .unwrap_or_default()
    }

    /// A panic of another test thread cannot leave half a transaction behind, so a poisoned lock is still
    /// good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Database for MemoryDatabase {
    async fn transact(&self, token: Uuid, writes: &[Write]) -> Result<(), TransactFailure> {
        let mut state = self.lock();
        if state.tokens.contains(&token) {
            return Ok(());
        }
        if let Some(write) = writes.iter().find(|write| is_malformed(write)) {
            return Err(TransactFailure::Refused(
                format!("not an update of an item: {:?}", write.kind).into(),
            ));
        }
        let reasons: Vec<_> = writes.iter().map(|write| judge(&state, write)).collect();
        if reasons.iter().any(|reason| *reason != CancellationReason::None) {
            return Err(TransactFailure::Cancelled(reasons));
        }
        for write in writes {
            apply(&mut state, write);
        }
        state.tokens.insert(token);
        Ok(())
    }

    async fn get(&self, table: &Table, key: Item) -> Result<Option<Item>, ReadError> {
        Ok(self.lock().tables.get(table.name()).and_then(|items| items.get(&text_of(&key))).cloned())
    }
}

/// Updates that DynamoDB refuses before it looks at any item: one without a change, one that names an
/// attribute twice, and one that changes the key.
fn is_malformed(write: &Write) -> bool {
    let WriteKind::Update { set, add, remove } = &write.kind else { return false };
    let set = set.iter().map(|(name, _)| name);
    let names: Vec<_> = set.chain(add.iter().map(|(name, _)| name)).chain(remove).collect();
    let different: HashSet<_> = names.iter().collect();
    names.is_empty()
        || different.len() < names.len()
        || names.iter().any(|name| write.key.contains_key(*name))
}

fn judge(state: &State, write: &Write) -> CancellationReason {
    let stored = state.tables.get(write.table.name()).and_then(|items| items.get(&text_of(&write.key)));
    if write.condition.as_ref().is_some_and(|condition| !condition.holds(stored)) {
        return CancellationReason::ConditionFailed(stored.filter(|_| write.wants_found).cloned());
    }
    let WriteKind::Update { add, .. } = &write.kind else { return CancellationReason::None };
    match add.iter().find(|(name, amount)| sum(stored.and_then(|item| item.get(name)), *amount).is_none()) {
        Some((name, _)) => CancellationReason::Other(format!("ValidationError: {name} is no whole number")),
        None => CancellationReason::None,
    }
}

/// A number attribute with an amount added; one that does not exist counts as 0.
fn sum(stored: Option<&AttributeValue>, amount: i64) -> Option<AttributeValue> {
    let stored: i128 = match stored {
        Some(value) => value.as_n().ok()?.parse().ok()?,
        None => 0,
    };
    Some(AttributeValue::N(stored.checked_add(amount.into())?.to_string()))
}

fn apply(state: &mut State, write: &Write) {
    let items = state.tables.entry(write.table.name().to_owned()).or_default();
    let key = text_of(&write.key);
    match &write.kind {
        WriteKind::Put(item) => drop(items.insert(key, item.clone())),
        WriteKind::Delete => drop(items.remove(&key)),
        WriteKind::Check => {}
        WriteKind::Update { set, add, remove } => {
            let item = items.entry(key).or_insert_with(|| write.key.clone());
            item.extend(set.iter().cloned());
            for (name, amount) in add {
                if let Some(sum) = sum(item.get(name), *amount) {
                    item.insert(name.clone(), sum);
                }
            }
            for name in remove {
                item.remove(name);
            }
        }
    }
}

/// Keys sort by partition, then by sort key, because the attribute names of one table are always the same.
fn text_of(key: &Item) -> String {
    let mut parts: Vec<_> = key.iter().collect();
    parts.sort_by_key(|(name, _)| *name);
    parts.iter().map(|(name, value)| format!("{name}={value:?};")).collect()
}
