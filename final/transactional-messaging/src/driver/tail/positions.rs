//! How far a tailer has read, kept for the one that comes after it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Marks = BTreeMap<String, String>;

/// The last sequence number that was handed over, of each shard. Clones share it.
///
/// What is noted is one note old: rows that were handed over a moment before a crash are read again, and cost
/// the relay a read if they were sent. What takes longer than that to be sent is left to the sweep.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    read: Marks,
    at_last_note: Marks,
}

impl Positions {
    /// What was noted before.
    pub(super) fn since(noted: HashMap<String, String>) -> Self {
        let read: Marks = noted.into_iter().collect();
        Self(Arc::new(Mutex::new(Inner { at_last_note: read.clone(), read })))
    }

    pub(super) fn of(&self, shard: &str) -> Option<String> {
        self.inner().read.get(shard).cloned()
    }

    /// Everything of this shard up to this number was handed over.
    pub(super) fn advance(&self, shard: &str, sequence_number: &str) {
        self.inner().read.insert(shard.to_owned(), sequence_number.to_owned());
    }

    /// Forgets shards that the stream does not list any more.
    pub(super) fn keep(&self, listed: &HashSet<&str>) {
        let mut inner = self.inner();
        inner.read.retain(|shard, _| listed.contains(shard.as_str()));
        inner.at_last_note.retain(|shard, _| listed.contains(shard.as_str()));
    }

    /// What may be noted now.
    pub(super) fn to_note(&self) -> Marks {
        let mut inner = self.inner();
        let read = inner.read.clone();
        std::mem::replace(&mut inner.at_last_note, read)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
