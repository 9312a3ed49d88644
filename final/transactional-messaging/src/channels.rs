//! Standard or FIFO topics and queues: a setting of a whole system.

use crate::limits::RedeliveryHorizon;

/// What every FIFO topic and queue is called at the end ("Amazon SNS API Reference, CreateTopic"; "Amazon SQS
/// API Reference, CreateQueue").
const FIFO_SUFFIX: &str = ".fifo";

/// Which topics and queues a system uses.
///
/// Standard ones are cheaper, have no limit of throughput, and may deliver in another order than the relay
/// published in; handlers must not care, or put a [`SequenceGuard`](crate::consumer::SequenceGuard) into
/// their unit of work.
///
/// FIFO ones keep the order of each subject (the message group) until a message has used up its receives and
/// moves to the dead-letter queue, and drop what the relay publishes a second time within five minutes (the
/// deduplication id is the message's id). Everything else stays as it is: inbox, predecessor and sequence are
/// needed all the same, since five minutes are short. A FIFO queue hands out messages one at a time here,
/// because a batch may hold several of one subject, of which none may be handled before the one in front of
/// it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// Standard topics and queues.
    #[default]
    Standard,
    /// FIFO topics and queues, whose names end in `.fifo`.
    Fifo,
}

impl Channels {
    /// FIFO ones, if so set.
    pub fn fifo(fifo: bool) -> Self {
        if fifo { Self::Fifo } else { Self::Standard }
    }

    /// The kind that a topic or queue of this name has.
    pub fn of_name(name: &str) -> Self {
        if name.ends_with(FIFO_SUFFIX) { Self::Fifo } else { Self::Standard }
    }

    /// The full name of a topic or queue of this kind.
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Fifo if Self::of_name(name) == Self::Standard => format!("{name}{FIFO_SUFFIX}"),
            _ => name.to_owned(),
        }
    }

    /// The name of a queue's dead-letter queue, which must be of the same kind.
    pub fn dead_letter_queue_of(queue: &str) -> String {
        let plain = queue.strip_suffix(FIFO_SUFFIX).unwrap_or(queue);
        Self::of_name(queue).name(&format!("{plain}--dlq"))
    }

    /// How long a duplicate can be on its way.
    pub fn horizon(self) -> RedeliveryHorizon {
        match self {
            Self::Standard => RedeliveryHorizon::STANDARD,
            Self::Fifo => RedeliveryHorizon::FIFO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_kind_once() {
        assert_eq!(Channels::Fifo.name("orders"), "orders.fifo");
        assert_eq!(Channels::Fifo.name("orders.fifo"), "orders.fifo");
        assert_eq!(Channels::Standard.name("orders"), "orders");
        assert_eq!(Channels::dead_letter_queue_of("orders"), "orders--dlq");
        assert_eq!(Channels::dead_letter_queue_of("orders.fifo"), "orders--dlq.fifo");
    }
}
