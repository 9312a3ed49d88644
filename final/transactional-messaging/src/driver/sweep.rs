//! The sweeper as a loop, for what runs as a process. It dispatches rows that no wake-up reached: see
//! [`Relay::sweep`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::Outage;

use super::with_causes;
use crate::{
    message::Subject,
    relay::{Relay, RelayError, Swept},
};

/// Sweeps each time `every` has passed, until `stop` is cancelled. Rows younger than `every` are left alone:
/// they are on their way by the stream.
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
    let log = |subject: Subject, result: Result<_, RelayError>| {
        if let Err(error) = result {
            tracing::warn!(subject = subject.as_str(), error = with_causes(&error), "subject_not_dispatched");
        }
    };
    relay.sweep_each(older_than, log).await
}

pub(super) fn age(every: Duration) -> time::Duration {
    time::Duration::try_from(every).unwrap_or(time::Duration::MINUTE)
}

pub(super) fn outage(every: Duration) -> Outage {
    Outage::new("sweep_failed", "outbox", Uuid::nil(), Duration::from_secs(1).min(every), every)
}
