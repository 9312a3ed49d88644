//! Subjects that could not be dispatched. They are tried again beside the reading, so that no other subject waits for their time-outs.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::JoinSet;
use transactional_messaging::relay::Relay;

use crate::wake::{WakeUp, wake_all};

/// The failing subjects of one shard.
pub(super) struct Failing {
    relay: Relay,
    /// One wake-up for a subject says as much as a hundred, and it may have to wait for long.
    waiting: BTreeMap<String, WakeUp>,
    /// Those that are being tried now.
    trying: BTreeSet<String>,
    /// At most one task; what it returns has failed again.
    round: JoinSet<Vec<WakeUp>>,
}

impl Failing {
    pub(super) fn new(relay: Relay) -> Self {
        Self { relay, waiting: BTreeMap::new(), trying: BTreeSet::new(), round: JoinSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.round.is_empty()
    }

    /// Keeps the news of subjects that are failing, and returns those of the others.
    pub(super) fn keep_back(&mut self, news: Vec<WakeUp>) -> Vec<WakeUp> {
        let fails = |news: &WakeUp| {
            self.waiting.contains_key(&news.partition) || self.trying.contains(&news.partition)
        };
        let (failing, others) = news.into_iter().partition(fails);
        self.add(failing);
        others
    }

    pub(super) fn add(&mut self, failed: Vec<WakeUp>) {
        self.waiting.extend(failed.into_iter().map(|wake_up| (wake_up.partition.clone(), wake_up)));
    }

    /// Begins another round when the one before it has ended. Dropping the value ends the round; what it leaves, a restart finds.
    pub(super) fn try_again(&mut self) {
        if let Some(ended) = self.round.try_join_next() {
            self.trying.clear();
            self.add(ended.unwrap_or_default());
        }
        if self.round.is_empty() && !self.waiting.is_empty() {
            let relay = self.relay.clone();
            let wake_ups: Vec<_> = std::mem::take(&mut self.waiting).into_values().collect();
            self.trying.extend(wake_ups.iter().map(|wake_up| wake_up.partition.clone()));
            self.round.spawn(async move { wake_all(&relay, wake_ups).await });
        }
    }
}
