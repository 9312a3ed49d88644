//! What becomes of a message once its handling has ended: deleted, given back, or moved to the dead-letter
//! queue.

use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tracing::Span;
use uuid::Uuid;
use waiting::Backoff;

use super::{
    Handled, deletes,
    deletes::Deletes,
    outcome::describe,
    queue::{SqsQueue, receive_count},
};

impl SqsQueue {
    /// The message had its effect; it is done with once it is deleted.
    pub(super) fn finish(
        message: &Message,
        outcome: Handled,
        traceparent: Option<String>,
        deletes: &Deletes,
    ) {
        match outcome {
            Handled::Done => tracing::info!("message_handled"),
            Handled::Duplicate => tracing::info!("idempotent_consumer__message_already_processed"),
        }
        let receipt = message.receipt_handle().unwrap_or_default().to_owned();
        // Nobody is there to take it once the consumer has run out of time to stop: then it comes again, and
        // the inbox knows it.
        deletes.send(deletes::Handled { receipt, traceparent, span: Span::current() }).unwrap_or_default();
    }

    /// Whether it lies in the dead-letter queue now.
    pub(super) async fn bury(&self, message: &Message, reason: &str) -> bool {
        let moved = self.in_good_time(self.dead_letter(message, reason)).await;
        let is_moved = moved.is_ok();
        match moved {
            Ok(()) => tracing::error!(reason, "message_moved_to_dead_letter_queue"),
            Err(error) => {
                let error = describe(error.as_ref());
                // It stays in its queue and comes again; without a dead-letter queue it does so until
                // somebody acts.
                tracing::error!(reason, error, "message_could_not_be_dead_lettered");
            }
        }
        is_moved
    }

    pub(super) async fn give_back(&self, message: &Message, delay: Duration, error: &str) {
        tracing::warn!(
            receives = receive_count(message),
            delay_s = delay.as_secs(),
            error,
            "message_given_back"
        );
        if let Err(error) = self.in_good_time(self.hide(message, delay)).await {
            tracing::warn!(error = describe(error.as_ref()), "giving_a_message_back_failed");
        }
    }
}

/// How long a message stays hidden after it failed for the time with this number: ten seconds that double
/// with each time, and as much again at most by chance. Five receives last 150 seconds at least, so that an
/// outage of two minutes moves nothing to a dead-letter queue.
pub(super) fn pause_after(receives: u32, id: Uuid) -> Duration {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(15 * 60);
    let least = FIRST.saturating_mul(1 << receives.saturating_sub(1).min(10)).min(LONGEST);
    least + Backoff::new(id, u32::MAX, FIRST, LONGEST).delay_after(receives).unwrap_or_default()
}
