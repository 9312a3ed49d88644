//! Taking turns: messages of one customer are handled one after the other inside a process.
//!
//! Nothing rests on it but speed. Without it, ten messages of one customer that arrive together read the same version, one of them
//! commits, and nine have worked for nothing; the conditions of the commits keep the result right either way, and between processes
//! they alone do.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// Customers share this many places, so memory stays the same however many there are; two that share one wait for each other now and
/// then, which costs nothing but time.
const PLACES: u128 = 256;

/// Who is at work on which customer. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Turns(Arc<[Arc<Mutex<()>>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for its turn, first come, first served; the turn ends when the guard is dropped.
    pub(super) async fn of(&self, customer_id: Uuid) -> Option<OwnedMutexGuard<()>> {
        let place = usize::try_from(customer_id.as_u128() % PLACES).ok()?;
        Some(Arc::clone(self.0.get(place)?).lock_owned().await)
    }
}
