//! The sender of a process: it sends what was wanted there at once, and looks for everything else now and
//! then.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::Outage;

use super::Sender;
use crate::use_cases::Fresh;

/// The longest pause while the table cannot be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Sends until `stop` is cancelled, and then ends after the mail that it is at, which takes
/// [`CALL_WITHIN`](super::CALL_WITHIN) and a little more: a mail that is left in the middle would be in
/// doubt.
pub async fn watch(sender: Sender, fresh: Fresh, every: Duration, seed: Uuid, stop: CancellationToken) {
    let first = every.min(Duration::from_secs(1));
    let mut outage = Outage::new("mails_out_of_reach", "notifications", seed, first, LONGEST_PAUSE);
    let mut next_look = Instant::now();
    while !stop.is_cancelled() {
        let done = match fresh.take().filter(|_| !outage.lasts()) {
            Some(mail) => sender.look_at(mail).await,
            None => {
                let look = tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep_until(next_look) => true,
                    () = fresh.added(), if !outage.lasts() => false,
                };
                if !look {
                    continue;
                }
                next_look = Instant::now() + every;
                sender.send_due(|| !stop.is_cancelled()).await.map(drop)
            }
        };
        match done {
            Ok(()) => outage.over(),
            Err(error) => next_look = Instant::now() + outage.failed(describe(&error)),
        }
    }
}

/// An error with everything that led to it.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
