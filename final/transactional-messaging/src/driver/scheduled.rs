//! Scheduled messages whose time has come: moved into the outbox, from where the stream brings them. See
//! [`scheduled`](crate::scheduled).

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::{Deadline, Outage};

use super::with_causes;
use crate::scheduled::{MoveError, Mover};

/// Moves what is due each time `every` has passed, until `stop` is cancelled. At the stop it ends at once: a
/// message that is under way is moved or is not. Several processes may do it; one of them moves each message.
pub async fn run(mover: Mover, every: Duration, stop: CancellationToken) {
    let outage = Outage::new(
        "moving_failed",
        "scheduled messages",
        Uuid::nil(),
        Duration::from_secs(1).min(every),
        every,
    );
    let mover = &mover;
    let moving = || async move { round(mover).await.map(drop).map_err(|error| with_causes(&error)) };
    stop.run_until_cancelled(outage.rounds(|_| every, moving)).await;
}

/// Moves what is due within half of the invocation's time; the other half is for what else it does. How many
/// were looked at. What waits is counted in what is left of that half; where that is too little, nothing is
/// told.
///
/// # Errors
///
/// [`MoveError`], also when the time was too short: the next invocation goes on.
pub async fn move_once(mover: &Mover) -> Result<u64, MoveError> {
    match Deadline::current() {
        Some(deadline) => Deadline::after(deadline.left() / 2).scope(round(mover)).await,
        None => round(mover).await,
    }
}

/// Moves what is due, and then tells how many wait. Nothing is held up by a number that could not be told.
async fn round(mover: &Mover) -> Result<u64, MoveError> {
    let moved = mover.move_due().await?;
    if let Err(error) = mover.tell_waiting().await {
        tracing::debug!(error = with_causes(&error), "scheduled_messages_not_counted");
    }
    Ok(moved)
}
