//! Which of the things that must be possible were seen.

use std::sync::atomic::{AtomicU32, Ordering};

/// A bit for each, by its number in the list.
#[derive(Debug, Default)]
pub(crate) struct Seen(AtomicU32);

impl Seen {
    pub(crate) fn note(&self, number: usize) {
        self.0.fetch_or(1 << number, Ordering::Relaxed);
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        self.0.load(Ordering::Relaxed) & (1 << number) != 0
    }
}
