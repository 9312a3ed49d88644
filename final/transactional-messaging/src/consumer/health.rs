//! Whether the consumers get at their queues, for a service's readiness.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How long a queue may be out of reach before a service counts as not ready. A poll that lasts 20 seconds
/// and fails is followed by a pause of a second; two minutes are several polls, and less than any message is
/// kept waiting by its back-off.
pub const TOLERATED_OUTAGE: Duration = Duration::from_secs(120);

/// Says whether the queues of a [`ConsumerGroup`](super::ConsumerGroup) can be received from. Clones share
/// what they know, and asking costs no call.
#[derive(Clone, Debug, Default)]
pub struct ConsumerHealth {
    failing: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl ConsumerHealth {
    /// Whether every queue was received from, or has failed for less than [`TOLERATED_OUTAGE`].
    ///
    /// # Errors
    ///
    /// A sentence that names the first queue that has been out of reach for longer, and for how long.
    pub fn check(&self) -> Result<(), String> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let long = failing.iter().map(|(queue, since)| (queue, since.elapsed()));
        match long.into_iter().find(|(_, time)| *time >= TOLERATED_OUTAGE) {
            Some((queue, time)) => {
                Err(format!("the queue {queue} could not be received from for {} seconds", time.as_secs()))
            }
            None => Ok(()),
        }
    }

    /// A receive from this queue failed; the first of a row of failures counts.
    pub(super) fn failed(&self, queue: &str) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if !failing.contains_key(queue) {
            failing.insert(queue.to_owned(), Instant::now());
        }
    }

    /// A receive from this queue succeeded.
    pub(super) fn works(&self, queue: &str) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(queue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_away_for_long_is_named_until_it_is_back() {
        let health = ConsumerHealth::default();
        let asked = health.clone();
        assert_eq!(asked.check(), Ok(()));
        health.failed("notes");
        tokio::time::sleep(TOLERATED_OUTAGE - Duration::from_secs(1)).await;
        health.failed("notes");
        assert_eq!(asked.check(), Ok(()), "a short outage is nobody's business");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(asked.check().unwrap_err().contains("notes"));
        health.works("notes");
        assert_eq!(asked.check(), Ok(()));
    }
}
