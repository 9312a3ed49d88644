//! How a consumer works, in numbers.

use std::time::Duration;

use uuid::Uuid;

/// How a consumer works.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerSettings {
    /// How many messages are handled at once.
    pub concurrency: usize,
    /// How long one receive waits for a message; SQS allows up to 20 s.
    pub wait: Duration,
    /// How long the receive that is under way when the consumer is told to stop may go on.
    ///
    /// SQS may already have taken messages out of the queue for it. To hang up then hides each of them for a visibility timeout and
    /// uses up one of its receives; so the answer is waited for this long, and what it brings is handled. It is far less than `wait`,
    /// because an empty queue would keep every stop waiting for a whole poll otherwise.
    pub last_receive: Duration,
    /// How long messages in work may go on after that.
    pub grace: Duration,
    /// How long giving back the messages that are still in work then may take, for all of them together.
    pub give_back: Duration,
    /// The longest time one message may be in work; its visibility is extended until then. It is the handler's
    /// [`Deadline`](waiting::Deadline), so a unit of work in it ends by then, too.
    pub deadline: Duration,
    /// Spreads the pauses of an outage, so that processes that failed together do not come back together: give each process another.
    pub seed: Uuid,
}

impl ConsumerSettings {
    /// The longest time from the stop to the end of the consumer, whatever AWS does: the sum of its three parts. Keep it below the
    /// time between SIGTERM and SIGKILL, which is 30 s in ECS unless configured ("Amazon ECS API Reference, stopTimeout").
    pub fn longest_stop(&self) -> Duration {
        self.last_receive.saturating_add(self.grace).saturating_add(self.give_back)
    }
}

impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            wait: Duration::from_secs(20),
            last_receive: Duration::from_secs(2),
            grace: Duration::from_secs(20),
            give_back: Duration::from_secs(5),
            deadline: Duration::from_secs(5 * 60),
            seed: Uuid::nil(),
        }
    }
}
