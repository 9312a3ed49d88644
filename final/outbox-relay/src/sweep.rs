//! The sweeper as a loop, for what runs as a process. It dispatches rows that no wake-up reached: see
//! [`Relay::sweep`](transactional_messaging::relay::Relay::sweep).

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{outbox::RowKey, relay::Relay};
use uuid::Uuid;
use waiting::Outage;

use crate::wake::with_causes;

/// Sweeps each time `every` has passed, until `stop` is cancelled. Rows younger than `every` are left alone: they are on their way by
/// the stream.
pub async fn run(relay: Relay, every: Duration, stop: CancellationToken) {
    let (mut outage, mut pause) = (outage(every), every);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        match relay.sweep(age(every)).await {
            Ok(results) => {
                outage.over();
                pause = every;
                for (partition, error) in results.iter().filter_map(|(p, r)| Some((p, r.as_ref().err()?))) {
                    tracing::warn!(partition, error = with_causes(error), "subject_not_dispatched");
                }
            }
            Err(error) => pause = outage.failed(with_causes(&error)),
        }
    }
}

/// The same, but the rows that are found are handed on: the process that reads the stream wakes no subject twice at a time.
pub(crate) async fn find(
    relay: Relay,
    every: Duration,
    news: mpsc::Sender<Vec<RowKey>>,
    stop: CancellationToken,
) {
    let (mut outage, mut pause) = (outage(every), every);
    let pausing_and_looking = async |pause| {
        tokio::time::sleep(pause).await;
        relay.overdue(age(every)).await
    };
    while let Some(found) = stop.run_until_cancelled(pausing_and_looking(pause)).await {
        match found {
            Ok(rows) => {
                outage.over();
                pause = every;
                if stop.run_until_cancelled(news.send(rows)).await.is_none_or(|sent| sent.is_err()) {
                    return;
                }
            }
            Err(error) => pause = outage.failed(with_causes(&error)),
        }
    }
}

fn age(every: Duration) -> time::Duration {
    time::Duration::try_from(every).unwrap_or(time::Duration::MINUTE)
}

fn outage(every: Duration) -> Outage {
    Outage::new("sweep_failed", "outbox", Uuid::nil(), Duration::from_secs(1).min(every), every)
}
