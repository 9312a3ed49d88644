//! What a commit tells its metrics. Names and labels are those of the table in `service::telemetry`.

use tokio::time::Instant;

/// How a commit has ended, and how long it took with everything that it waited for.
pub(crate) fn ended(outcome: &'static str, begun: Instant) {
    metrics::counter!("unit_of_work.commits", "outcome" => outcome).increment(1);
    metrics::histogram!("unit_of_work.duration", "outcome" => outcome).record(begun.elapsed());
}

/// An attempt that did not decide, and what was in its way.
pub(crate) fn blocked(cause: &'static str) {
    metrics::counter!("unit_of_work.conflicts", "cause" => cause).increment(1);
}

/// An attempt of which nobody has heard whether it took effect.
pub(crate) fn unknown() {
    metrics::counter!("unit_of_work.unknown_outcomes").increment(1);
}
