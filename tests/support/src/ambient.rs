//! Time from the virtual clock of the embedded AWS, and ids that count.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use local_aws::{InMemoryAws, VirtualClock};
use time::OffsetDateTime;
use transactional_messaging::ambient::{Ambient, Clock, Ids};
use uuid::Uuid;

#[derive(Debug)]
struct Virtual(VirtualClock);

impl Clock for Virtual {
    fn now(&self) -> OffsetDateTime {
        self.0.now().into()
    }
}

#[derive(Debug)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The time of this AWS; ids count from `first`, so that what runs side by side can be given ids of its own.
pub fn of(aws: &InMemoryAws, first: u64) -> Ambient {
    Ambient::new(Arc::new(Virtual(aws.clock())), Arc::new(Counted(AtomicU64::new(first))))
}
