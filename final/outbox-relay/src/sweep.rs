//! The sweeper as a loop, for what runs as a process. It dispatches rows that no wake-up reached: see
//! [`Relay::sweep`](transactional_messaging::relay::Relay::sweep).

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use transactional_messaging::relay::Relay;

/// Sweeps each time `every` has passed, until `stop` is cancelled. Rows younger than `every` are left alone: they are on their way by
/// the stream.
pub async fn run(relay: Relay, every: Duration, stop: CancellationToken) {
    let age = time::Duration::try_from(every).unwrap_or(time::Duration::MINUTE);
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        match relay.sweep(age).await {
            Ok(results) => {
                for (partition, error) in results.iter().filter_map(|(p, r)| Some((p, r.as_ref().err()?))) {
                    tracing::warn!(partition, %error, "subject_not_dispatched");
                }
            }
            Err(error) => tracing::warn!(%error, "sweep_failed"),
        }
    }
}
