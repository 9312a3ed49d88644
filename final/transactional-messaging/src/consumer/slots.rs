//! How many messages are taken: as many as there are free slots, several at a time.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The most messages that one receive brings ("Amazon SQS API Reference, ReceiveMessage").
pub(super) const MOST: usize = 10;

/// When no slot has become free for so long, those that are free are all that there is to wait for. Messages
/// that were received together end within a few milliseconds of each other: a call each would cost more than
/// they do.
const LULL: Duration = Duration::from_millis(5);

/// What limits the messages in hand: one slot for each in work, one place for each that waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    work: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    freed: Arc<Notify>,
    /// How many are worth a call without waiting for more.
    several: usize,
}

/// A message's share of them; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    freed: Arc<Notify>,
}

impl Slots {
    /// At most `at_once` messages are received together.
    pub(super) fn new(work: usize, waiting: usize, at_once: usize) -> Self {
        let semaphore = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        // Not all of them: one or two may be taken for long.
        let several = work.min(at_once) * 4 / 5;
        Self { work: semaphore(work), waiting: semaphore(waiting), freed: Arc::default(), several }
    }

    /// How many messages to ask for: waits until there is room for one, and then for more as long as slots
    /// keep becoming free.
    pub(super) async fn room(&self) -> usize {
        while self.free() == 0 {
            self.freed.notified().await;
        }
        while self.free() < self.several && tokio::time::timeout(LULL, self.freed.notified()).await.is_ok() {}
        self.free().clamp(1, MOST)
    }

    fn free(&self) -> usize {
        self.work.available_permits().min(self.waiting.available_permits())
    }

    /// A slot, if one is free.
    pub(super) fn at_once(&self) -> Option<Slot> {
        self.slot(Arc::clone(&self.work).try_acquire_owned().ok())
    }

    /// Waits for a slot.
    pub(super) async fn wait(&self) -> Option<Slot> {
        self.slot(Arc::clone(&self.work).acquire_owned().await.ok())
    }

    /// A place for a message that waits for its turn.
    pub(super) fn place(&self) -> Option<Slot> {
        self.slot(Arc::clone(&self.waiting).try_acquire_owned().ok())
    }

    fn slot(&self, permit: Option<OwnedSemaphorePermit>) -> Option<Slot> {
        permit.map(|permit| Slot { permit: Some(permit), freed: Arc::clone(&self.freed) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // First free, then told.
        drop(self.permit.take());
        self.freed.notify_one();
    }
}
