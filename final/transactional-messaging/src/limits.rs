//! How long messages are kept and tried on their way: facts of AWS, and the times that queues are made with.
//! What an inbox promises in production rests on them.

use time::Duration;

/// How long a received message stays hidden from others: SQS's default. A consumer extends it while it works.
pub const VISIBILITY: Duration = Duration::seconds(30);
/// How long a queue keeps a message that nobody takes: a week for the consumer to come back.
pub const QUEUE_RETENTION: Duration = Duration::days(7);
/// How long a dead-letter queue keeps a message: 14 days, the longest there is. It must be longer than the
/// queue's own, because a message that SQS moves keeps the time at which it was first sent ("Amazon SQS
/// Developer Guide, Setting-up dead-letter queue retention"): with the same number in both, one that waited
/// long would be gone before anybody saw it.
pub const DEAD_LETTER_RETENTION: Duration = Duration::days(14);

/// The longest way that a duplicate can take, part by part. A message may spend the whole of each part before
/// it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeliveryHorizon {
    /// How long a stream record can wake the relay: 24 hours ("Amazon DynamoDB Developer Guide, Change data
    /// capture for DynamoDB Streams").
    pub stream: Duration,
    /// How long SNS tries to hand a message to a queue: 100,015 times over 23 days ("Amazon SNS Developer
    /// Guide, Message delivery retries").
    pub topic_retries: Duration,
    /// How long the queue keeps a message; as configured, 7 days.
    pub queue: Duration,
    /// How long the dead-letter queue keeps a message beyond that, 14 days. The consumer sends a dead letter
    /// as a message of its own, whose time begins then. Of those that SQS moves this is true in FIFO queues
    /// only; in standard queues they keep their first time and are gone sooner ("Amazon SQS Developer Guide,
    /// Setting-up dead-letter queue retention").
    pub dead_letter_queue: Duration,
}

impl RedeliveryHorizon {
    /// Standard topics and queues as [`provision`](crate::provision) and the Terraform modules make them: 1 +
    /// 23 + 7 + 14 = 45 days.
    pub const STANDARD: Self = Self {
        stream: Duration::days(1),
        topic_retries: Duration::days(23),
        queue: QUEUE_RETENTION,
        dead_letter_queue: DEAD_LETTER_RETENTION,
    };

    /// FIFO topics and queues, which keep messages as long.
    pub const FIFO: Self = Self::STANDARD;

    /// All parts together.
    pub fn sum(&self) -> Duration {
        [self.topic_retries, self.queue, self.dead_letter_queue]
            .into_iter()
            .fold(self.stream, Duration::saturating_add)
    }
}

impl Default for RedeliveryHorizon {
    fn default() -> Self {
        Self::STANDARD
    }
}

impl std::fmt::Display for RedeliveryHorizon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream, topic_retries, queue, dead_letter_queue } = *self;
        write!(f, "stream {} + sns retries {} + queue {}", days(stream), days(topic_retries), days(queue))?;
        if dead_letter_queue > Duration::ZERO {
            write!(f, " + dead-letter queue {}", days(dead_letter_queue))?;
        }
        write!(f, " = {} days", days(self.sum()))
    }
}

/// Whole days without a fraction.
pub(crate) fn days(time: Duration) -> f64 {
    time.as_seconds_f64() / Duration::DAY.as_seconds_f64()
}
