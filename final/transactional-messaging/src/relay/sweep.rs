//! The sweeper: finds rows that no wake-up ever reached, and wakes their subjects.
//!
//! A stream record lives 24 hours. When the relay was down for longer, or its mapping was disabled, or a filter was wrong, the rows are
//! still here: the pending index names them.

use std::collections::HashMap;

use time::Duration;

use super::{RelayError, dispatch::Outcome, dispatch::Relay};
use crate::{outbox::PENDING_SHARDS, timestamp};

/// How many subjects are dispatched at once. After a long outage there may be more than fit into memory with their messages.
const SUBJECTS_AT_ONCE: usize = 100;

impl Relay {
    /// Dispatches everything that has been pending for longer than `older_than`; rows younger than that are left to the stream.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when the index could not be read. What a single subject met is in its own result.
    pub async fn sweep(
        &self,
        older_than: Duration,
    ) -> Result<HashMap<String, Result<Outcome, RelayError>>, RelayError> {
        let before = timestamp::format(self.ambient.now() - older_than)
            .map_err(|error| RelayError::Read(error.into()))?;
        let mut subjects = Vec::new();
        for shard in 0..PENDING_SHARDS {
            subjects.extend(self.store.pending_subjects(shard, &before).await?);
        }
        if !subjects.is_empty() {
            tracing::warn!(subjects = subjects.len(), "sweeper_found_pending_messages");
        }
        let mut results = HashMap::new();
        for some in subjects.chunks(SUBJECTS_AT_ONCE) {
            results.extend(self.wake(some.to_vec()).await);
        }
        Ok(results)
    }
}
