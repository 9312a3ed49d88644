//! Time and ids, injected: a run with a fixed clock and counted ids is the same each time.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use time::OffsetDateTime;
use uuid::Uuid;

/// Where the time and new ids come from. Cheap to clone.
///
/// ```
/// use time::OffsetDateTime;
/// use transactional_messaging::ambient::Ambient;
///
/// let [one, other] = [(); 2].map(|()| Ambient::fixed(OffsetDateTime::UNIX_EPOCH));
/// assert_eq!((one.now(), one.id()), (other.now(), other.id())); // a run is the same each time
/// assert_ne!(Ambient::system().id(), Ambient::system().id());
/// ```
#[derive(Clone, Debug)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// The current time in UTC, in whole microseconds: what is stored and sent is what was compared.
    fn now(&self) -> OffsetDateTime;
}

/// Makes ids.
pub trait Ids: Debug + Send + Sync {
    /// An id that was never given before.
    fn next(&self) -> Uuid;
}

impl Ambient {
    /// The system's clock and random ids (UUID version 7, which sort by creation).
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), ids: Arc::new(RandomIds) }
    }

    /// A clock that stands still and ids that count from 1, for tests and for runs that are shown.
    pub fn fixed(now: OffsetDateTime) -> Self {
        Self { clock: Arc::new(FixedClock(now)), ids: Arc::new(CountedIds(AtomicU64::new(0))) }
    }

    /// Any other clock and ids.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { clock, ids }
    }

    /// The current time in UTC.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.ids.next()
    }
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[expect(clippy::disallowed_methods, reason = "the one place where the system's time enters")]
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.nanosecond() / 1000 * 1000).unwrap_or(now)
    }
}

#[derive(Debug)]
struct RandomIds;

impl Ids for RandomIds {
    fn next(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "the one place where random ids enter")]
        Uuid::now_v7()
    }
}

#[derive(Debug)]
struct FixedClock(OffsetDateTime);

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

#[derive(Debug)]
struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}
