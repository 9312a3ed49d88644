//! What a component is given when it starts: the way to AWS, the time, new ids, and chance.
//!
//! All four are injected, so that a run under the laboratory's clock and counted ids is the same each time.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_types::SdkConfig;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Uuid;

const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The surroundings of one component. Cheap to clone.
#[derive(Clone)]
pub struct Ambient {
    aws: SdkConfig,
    now: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl Ambient {
    /// The system's clock, random ids (UUID version 7) and real chance.
    pub fn system(aws: SdkConfig) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where the system's time enters")]
        let now = || OffsetDateTime::now_utc();
        #[expect(clippy::disallowed_methods, reason = "the one place where random ids enter")]
        let id = || Uuid::now_v7();
        Self { aws, now: Arc::new(now), id: Arc::new(id), random: Arc::new(Mutex::new(fastrand::Rng::new())) }
    }

    /// A clock of the caller's, ids that count from 1 in `counter`, and chance that follows from the seed.
    pub fn counted(
        aws: SdkConfig,
        now: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
        counter: Arc<AtomicU64>,
        seed: u64,
    ) -> Self {
        let id = move || Uuid::from_u128(u128::from(counter.fetch_add(1, Ordering::Relaxed) + 1));
        Self {
            aws,
            now: Arc::new(now),
            id: Arc::new(id),
            random: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
        }
    }

    /// Settings for SDK clients.
    pub fn aws(&self) -> &SdkConfig {
        &self.aws
    }

    /// The time, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.now)()
    }

    /// The time as ISO 8601 text in UTC with microseconds: texts sort as the times do.
    pub fn timestamp(&self) -> String {
        self.timestamp_ago(Duration::ZERO)
    }

    /// The time that was so long ago, as text.
    pub fn timestamp_ago(&self, ago: Duration) -> String {
        // It fails for years beyond 9999 only.
        (self.now() - ago).format(TIMESTAMP).unwrap_or_default()
    }

    /// An id that was never given before.
    pub fn id(&self) -> Uuid {
        (self.id)()
    }

    /// A number from 0 up to, but not including, 1.
    pub fn random(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ambient").finish_non_exhaustive()
    }
}
