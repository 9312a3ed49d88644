//! The clock of an in-memory AWS: it follows tokio's, so pausing that one pauses everything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use dynoxide::storage_backend::Clock;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, the moment at which every virtual clock starts.
const START: Duration = Duration::from_secs(1_767_225_600);

/// Wall-clock time that starts at 2026-01-01T00:00:00Z and passes as tokio's clock passes.
///
/// Under `tokio::time::pause` it stands still until a task sleeps, so every run sees the same times.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    started: Instant,
}

impl VirtualClock {
    /// A clock that starts now. Call it inside the runtime whose time it shall follow.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The time on this clock.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch()
    }

    fn since_epoch(&self) -> Duration {
        START + self.started.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now_unix_secs(&self) -> u64 {
        self.since_epoch().as_secs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.since_epoch().as_secs_f64()
    }
}

impl TimeSource for VirtualClock {
    fn now(&self) -> SystemTime {
        VirtualClock::now(self)
    }
}
