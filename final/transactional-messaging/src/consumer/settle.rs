//! What becomes of a message once its handling has ended: deleted, given back, or moved to the dead-letter queue.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::types::Message;
use uuid::Uuid;
use waiting::{Backoff, Deadline, in_time};

use super::{Handled, describe, queue::receive_count, run::Consumer};
use crate::relay::BoxError;

impl Consumer {
    pub(super) async fn finish(&self, message: &Message, outcome: Handled) {
        match outcome {
            Handled::Done => tracing::info!("message_handled"),
            Handled::Duplicate => tracing::info!("idempotent_consumer__message_already_processed"),
        }
        if let Err(error) = self.in_good_time(self.queue.delete(message)).await {
            // It comes again, and the inbox knows it.
            tracing::warn!(error = describe(error.as_ref()), "deleting_a_handled_message_failed");
        }
    }

    pub(super) async fn bury(&self, message: &Message, reason: &str) {
        match self.in_good_time(self.queue.dead_letter(message, reason)).await {
            Ok(()) => tracing::error!(reason, "message_moved_to_dead_letter_queue"),
            Err(error) => {
                let error = describe(error.as_ref());
                // It stays in its queue and comes again; without a dead-letter queue it does so until somebody acts.
                tracing::error!(reason, error, "message_could_not_be_dead_lettered");
            }
        }
    }

    pub(super) async fn give_back(&self, message: &Message, delay: Duration, error: &str) {
        tracing::warn!(
            receives = receive_count(message),
            delay_s = delay.as_secs(),
            error,
            "message_given_back"
        );
        if let Err(error) = self.in_good_time(self.queue.hide(message, delay)).await {
            tracing::warn!(error = describe(error.as_ref()), "giving_a_message_back_failed");
        }
    }

    /// After its visibility timeout somebody else has the message, and nothing that is said of it here counts any more.
    pub(super) async fn in_good_time<T>(
        &self,
        call: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        Deadline::after(self.queue.visibility).scope(in_time(call)).await?
    }
}

/// How long a message stays hidden after it failed for the time with this number: ten seconds that double with each time, and as much
/// again at most by chance. Five receives last 150 seconds at least, so that an outage of two minutes moves nothing to a dead-letter
/// queue.
pub(super) fn pause_after(receives: u32, id: Uuid) -> Duration {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(15 * 60);
    let least = FIRST.saturating_mul(1 << receives.saturating_sub(1).min(10)).min(LONGEST);
    least + Backoff::new(id, u32::MAX, FIRST, LONGEST).delay_after(receives).unwrap_or_default()
}
