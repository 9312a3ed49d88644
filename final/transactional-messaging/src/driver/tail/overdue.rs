//! The sweeper of a process that reads the stream as well. It wakes nothing by itself, so that no subject is
//! woken twice at a time.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    driver::{
        sweep::{age, outage},
        with_causes,
    },
    outbox::RowKey,
    relay::{Relay, RelayError, key_of},
};

/// Looks each time `every` has passed, until `stop` is cancelled, and hands on what it finds, page by page.
pub(super) async fn find(
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
        let key = |row| RowKey::of_subject(key_of(row).0, key_of(row).1);
        if news.send(rows.iter().filter_map(key).collect()).await.is_err() {
            break;
        }
    }
    Ok(())
}
