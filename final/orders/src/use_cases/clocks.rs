//! Whether the clocks of the service's instances differ.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use time::OffsetDateTime;

use crate::domain::Order;

/// By how much the clocks of two instances may differ before it is told. Those that are kept in time differ
/// by less.
const MAY_DIFFER: time::Duration = time::Duration::SECOND;

/// Tells once a minute that clocks differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    /// The minute in which it was told last.
    told: Arc<AtomicI64>,
}

impl Clocks {
    /// An order that is placed later than now was taken by an instance whose clock is ahead of this one's,
    /// and orders are given up by both.
    pub(super) fn compare(&self, order: &Order, now: OffsetDateTime) {
        let (ahead, minute) = (order.created_at - now, now.unix_timestamp() / 60);
        if ahead > MAY_DIFFER && self.told.swap(minute, Ordering::Relaxed) != minute {
            tracing::warn!(order_id = %order.id, ahead_s = ahead.as_seconds_f64(), "clocks_differ");
        }
    }
}
