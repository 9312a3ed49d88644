//! The sweeper: finds rows that no wake-up ever reached and rows whose time has come, and wakes their subjects.
//!
//! A stream record lives 24 hours. When the relay was down for longer, or its mapping was disabled, or a filter was wrong, the rows are
//! still here: the pending index names them. Of a scheduled message the stream tells long before its time, so that the sweeper is
//! what sends it.

use std::collections::HashMap;

use time::Duration;

use super::{
    RelayError,
    dispatch::{Outcome, Relay},
    store::Overdue,
};

/// How many subjects are dispatched at once. After a long outage there may be more than fit into memory with their messages.
const SUBJECTS_AT_ONCE: usize = 100;

impl Relay {
    /// Dispatches everything that has been pending for longer than `older_than`, and every scheduled message that is due. Rows younger
    /// than that are left to the stream. Within a [deadline](waiting::Deadline) it ends in time: subjects that were not looked at have
    /// [`RelayError::Late`] as their result.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when the index could not be read. What a single subject met is in its own result.
    pub async fn sweep(
        &self,
        older_than: Duration,
    ) -> Result<HashMap<String, Result<Outcome, RelayError>>, RelayError> {
        let subjects = self.overdue(older_than).await?;
        let mut results = HashMap::new();
        for some in subjects.chunks(SUBJECTS_AT_ONCE) {
            results.extend(self.wake(some.to_vec()).await);
        }
        Ok(results)
    }

    /// The partition keys of the subjects that [`sweep`](Self::sweep) would wake, for a process that wakes them beside others.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when the index could not be read.
    pub async fn overdue(&self, older_than: Duration) -> Result<Vec<String>, RelayError> {
        let now = self.ambient.now();
        let Overdue { late, due } = self.store.pending_subjects(now - older_than, now).await?;
        if !late.is_empty() {
            tracing::warn!(subjects = late.len(), "sweeper_found_pending_messages");
        }
        if !due.is_empty() {
            tracing::info!(subjects = due.len(), "scheduled_messages_are_due");
        }
        Ok(late.into_iter().chain(due).collect())
    }
}
