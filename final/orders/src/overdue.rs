//! Gives up the orders on which nobody has decided in time.
//!
//! No timer runs that a crash could forget, and no message waits: a pending order says itself when its time
//! is over (`DecideBy`), and every instance of the service looks in turn for those whose time has come. The
//! rejection is written on the condition that the order is as it was read: of several instances, and of a
//! decision that comes at the same moment, the first wins and the others change nothing.
//!
//! Only clocks of this service are compared: `DecideBy` is written by the clock of the instance that takes
//! the order, and read by that of any other. Where those two differ by ten minutes, an order is given up ten
//! minutes early or late, whatever the time-out; one that is shorter than that is no time at all. So a
//! time-out should be much longer than clocks may differ. That they differ by more than a second is told as
//! `clocks_differ`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use unit_of_work::DynamoDb;
use uuid::Uuid;
use waiting::{Backoff, Outage};

use crate::use_cases::Orders;

/// The longest pause while the table cannot be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Looks for overdue orders until `stop` is cancelled, with pauses between half of `every` and all of it, so
/// that several instances do not keep step. At the stop it ends at once: a rejection that is under way takes
/// effect or does not, as a whole.
pub async fn watch(orders: Orders<DynamoDb>, every: Duration, seed: Uuid, stop: CancellationToken) {
    let jitter = Backoff::new(seed, u32::MAX, every / 2, every / 2);
    let first = every.min(Duration::from_secs(1));
    let outage = Outage::new("overdue_orders_out_of_reach", "orders", seed, first, LONGEST_PAUSE);
    let rest = |round| {
        let more = if round == 0 { None } else { jitter.delay_after(round) };
        every / 2 + more.unwrap_or_default()
    };
    let orders = &orders;
    let looking = || async move { orders.give_up_overdue().await.map(drop) };
    stop.run_until_cancelled(outage.rounds(rest, looking)).await;
}
