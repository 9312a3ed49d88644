//! From stream records to wake-ups, and from the relay's results to the records that must come again.

use crate::{driver::with_causes, outbox::RowKey, relay::Relay};

/// A new outbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WakeUp {
    /// Its key.
    pub(crate) key: RowKey,
    /// The stream record's sequence number, if it has one: it is needed only to name a record that must come
    /// again.
    pub(crate) record: Option<String>,
}

/// Wakes all subjects and returns the wake-ups whose subject could not be dispatched, in their order.
///
/// A parked subject is no failure: its mark is stored, so the record has done its duty.
pub(crate) async fn wake_all(relay: &Relay, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
    let results = relay.wake_rows(wake_ups.iter().map(|wake_up| wake_up.key.clone()).collect()).await;
    for (subject, result) in &results {
        if let Err(error) = result {
            tracing::warn!(subject = subject.as_str(), error = with_causes(error), "subject_not_dispatched");
        }
    }
    let failed = |wake_up: &WakeUp| !matches!(results.get(&wake_up.key.subject), Some(Ok(_)));
    wake_ups.into_iter().filter(failed).collect()
}
