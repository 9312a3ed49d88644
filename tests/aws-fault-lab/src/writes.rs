//! How often each table was written to, for the readers of streams, which wait for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::call::{Description, TABLES};

#[derive(Default)]
pub(crate) struct Writes {
    counts: Mutex<HashMap<String, usize>>,
    /// Rung when a call has ended that may have written something.
    written: Notify,
}

impl Writes {
    /// What the call writes, or a part of it, can be seen now.
    pub(crate) fn note(&self, call: &Description) {
        let mut counts = self.counts();
        for table in call.target.split(TABLES) {
            *counts.entry(table.to_owned()).or_default() += 1;
        }
        self.written.notify_waiters();
    }

    /// Waits until a table was written to more often than `known`, and returns how often.
    pub(crate) async fn beyond(&self, table: &str, known: usize) -> usize {
        loop {
            let count = self.counts().get(table).copied().unwrap_or(0);
            if count > known {
                return count;
            }
            self.written.notified().await;
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
