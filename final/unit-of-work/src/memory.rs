//! A database in memory for tests of pure logic: it honours conditions, and writes only on commit.
//!
//! The tests of this crate run the same random units of work against it and against the embedded DynamoDB and compare.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use crate::{
    database::{CancellationReason, Database, ReadError, TransactFailure, Write, WriteKind},
    item::{Item, Table},
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

    /// A panic of another test thread cannot leave half a transaction behind, so a poisoned lock is still good.
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

fn judge(state: &State, write: &Write) -> CancellationReason {
    let stored = state.tables.get(write.table.name()).and_then(|items| items.get(&text_of(&write.key)));
    match &write.condition {
        Some(condition) if !condition.holds(stored) => CancellationReason::ConditionFailed,
        _ => CancellationReason::None,
    }
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
                let stored =
                    item.get(name).and_then(|value| value.as_n().ok()).and_then(|n| n.parse::<i64>().ok());
                item.insert(name.clone(), AttributeValue::N((stored.unwrap_or(0) + amount).to_string()));
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
