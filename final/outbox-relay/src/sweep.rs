//! The sweeper as a loop, for what runs as a process. It dispatches rows that no wake-up reached: see
//! [`Relay::sweep`](transactional_messaging::relay::Relay::sweep).

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    outbox::RowKey,
    relay::{Relay, RelayError, Swept},
};
use uuid::Uuid;
use waiting::Outage;

use crate::wake::with_causes;

/// Sweeps each time `every` has passed, until `stop` is cancelled. Rows younger than `every` are left alone: they are on their way by
/// the stream.
pub async fn run(relay: Relay, every: Duration, stop: CancellationToken) {
    let (mut outage, mut pause) = (outage(every), every);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        match once(&relay, age(every)).await {
            Ok(_) => {
                outage.over();
                pause = every;
            }
            Err(error) => pause = outage.failed(with_causes(&error)),
        }
    }
}

/// One sweep, which logs what could not be dispatched.
pub(crate) async fn once(relay: &Relay, older_than: time::Duration) -> Result<Swept, RelayError> {
    let log = |partition: String, result: Result<_, RelayError>| {
        if let Err(error) = result {
            tracing::warn!(partition, error = with_causes(&error), "subject_not_dispatched");
        }
    };
    relay.sweep_each(older_than, log).await
}

/// The same loop, but the rows that are found are handed on, page by page: the process that reads the stream wakes no subject twice at a
/// time.
pub(crate) async fn find(
    relay: Relay,
    every: Duration,
    news: mpsc::Sender<Vec<RowKey>>,
    stop: CancellationToken,
) {
    let (relay, news) = (&relay, &news);
    let looking = || async move { hand_on(relay, every, news).await.map_err(|error| with_causes(&error)) };
    stop.run_until_cancelled(outage(every).rounds(|_| every, looking)).await;
}

async fn hand_on(relay: &Relay, every: Duration, news: &mpsc::Sender<Vec<RowKey>>) -> Result<(), RelayError> {
    let mut overdue = relay.overdue(age(every))?;
    while let Some(rows) = overdue.next().await? {
        if news.send(rows).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn age(every: Duration) -> time::Duration {
    time::Duration::try_from(every).unwrap_or(time::Duration::MINUTE)
}

fn outage(every: Duration) -> Outage {
    Outage::new("sweep_failed", "outbox", Uuid::nil(), Duration::from_secs(1).min(every), every)
}
