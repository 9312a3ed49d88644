//! From stream records to wake-ups, and from the relay's results to the records that must come again.

use std::collections::BTreeSet;

use transactional_messaging::relay::Relay;

/// A new outbox row, as far as the relay cares: which subject may have news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WakeUp {
    /// The partition key of the subject's rows.
    pub(crate) partition: String,
    /// The stream record's sequence number.
    pub(crate) record: String,
}

/// Wakes all subjects and returns the wake-ups whose subject could not be dispatched, in their order.
///
/// A parked subject is no failure: its mark is stored, so the record has done its duty.
pub(crate) async fn wake_all(relay: &Relay, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
    let subjects: BTreeSet<_> = wake_ups.iter().map(|wake_up| wake_up.partition.clone()).collect();
    let results = relay.wake(subjects.into_iter().collect()).await;
    for (partition, result) in &results {
        if let Err(error) = result {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(partition, %error, cause, "subject_not_dispatched");
        }
    }
    let failed = |wake_up: &WakeUp| !matches!(results.get(&wake_up.partition), Some(Ok(_)));
    wake_ups.into_iter().filter(failed).collect()
}
