//! How a consumer works, in numbers.

use std::time::Duration;

use uuid::Uuid;

/// How a consumer works.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerSettings {
    /// How many messages are handled at once.
    pub concurrency: usize,
    /// How many messages may wait, on top of these, for another message of their key; only where messages
    /// [take turns](super::KeyedLocks). While so many wait, no more are received. Each is in memory, up to
    /// 256 KiB, and stays hidden in its queue.
    pub waiting: usize,
    /// How long a handled message may wait for others, to be deleted together with them in one call; a tenth
    /// of the queue's visibility timeout at most. A process that is killed meanwhile leaves them to be
    /// delivered again, and the inbox knows them.
    pub linger: Duration,
    /// How long one receive waits for a message; SQS allows up to 20 s.
    pub wait: Duration,
    /// How long the receive that is under way when the consumer is told to stop may go on.
    ///
    /// SQS may already have taken messages out of the queue for it. To hang up then hides each of them for a
    /// visibility timeout and uses up one of its receives; so the answer is waited for this long, and what it
    /// brings is handled. It is far less than `wait`, because an empty queue would keep every stop waiting
    /// for a whole poll otherwise.
    pub last_receive: Duration,
    /// How long messages in work may go on after the consumer was told to stop; the last receive is within
    /// this time.
    pub grace: Duration,
    /// How long giving back the messages that are still in work then may take, for all of them together.
    pub give_back: Duration,
    /// The longest time one message may be in work; its visibility is extended until then. It is the
    /// handler's [`Deadline`](waiting::Deadline), so a unit of work in it ends by then, too.
    pub deadline: Duration,
    /// Spreads the pauses of an outage, so that processes that failed together do not come back together:
    /// give each process another.
    pub seed: Uuid,
}

impl ConsumerSettings {
    /// The longest time from the stop to the end of the consumer, whatever AWS does: grace and give-back.
    /// Keep it below the time between SIGTERM and SIGKILL, which is 30 s in ECS unless configured ("Amazon
    /// ECS API Reference, stopTimeout").
    pub fn longest_stop(&self) -> Duration {
        self.grace.max(self.last_receive).saturating_add(self.give_back)
    }
}

impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            waiting: 200,
            linger: Duration::from_millis(200),
            wait: Duration::from_secs(20),
            last_receive: Duration::from_secs(2),
            grace: Duration::from_secs(20),
            give_back: Duration::from_secs(5),
            deadline: Duration::from_secs(5 * 60),
            seed: Uuid::nil(),
        }
    }
}
