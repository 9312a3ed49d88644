//! A queue from which somebody else receives, such as Lambda: what becomes of each message is decided here,
//! and by the same rules.

use std::time::Duration;

use aws_sdk_sqs::{Client, types::Message};
use uuid::Uuid;
use waiting::{Deadline, in_time};

use super::{
    Handled, HandlerError, OpenError,
    outcome::describe,
    queue::{SqsQueue, Trouble, receive_count},
    settle::pause_after,
};

/// How long opening a queue may take.
const OPENED_WITHIN: Duration = Duration::from_secs(10);

/// A queue whose messages are lent to this process: whoever received them deletes those that are done with.
#[derive(Clone, Debug)]
pub(crate) struct LentQueue(SqsQueue);

impl LentQueue {
    pub(crate) async fn open(sqs: Client, name: &str) -> Result<Self, OpenError> {
        let opening = in_time(Box::pin(SqsQueue::open(sqs, name)));
        let opened = Deadline::after(OPENED_WITHIN).scope(opening).await;
        let opened = opened.unwrap_or_else(|late| Err(Trouble::passing(late)));
        opened.map(Self).map_err(|trouble| OpenError { queue: name.to_owned(), source: trouble.source })
    }

    /// How long a received message stays hidden.
    pub(crate) fn visibility(&self) -> Duration {
        self.0.visibility
    }

    /// Whether the message is done with: handled, or moved to the dead-letter queue with its reason. If not,
    /// it comes again after the same pause as with a consumer that receives by itself.
    pub(crate) async fn settle(
        &self,
        message: &Message,
        id: Uuid,
        ended: Result<Handled, HandlerError>,
    ) -> bool {
        let error = match ended {
            Ok(Handled::Done) => {
                tracing::info!("message_handled");
                return true;
            }
            Ok(Handled::Duplicate) => {
                tracing::info!("idempotent_consumer__message_already_processed");
                return true;
            }
            Err(HandlerError::Terminal { reason }) => return self.0.bury(message, &reason).await,
            Err(HandlerError::Retryable(error)) => describe(error.as_ref()),
        };
        let receives = receive_count(message);
        if self.0.is_last(receives) {
            return self.0.bury(message, &format!("given up after {receives} receives: {error}")).await;
        }
        self.0.give_back(message, pause_after(receives, id), &error).await;
        false
    }
}
