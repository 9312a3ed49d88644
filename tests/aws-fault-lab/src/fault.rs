//! The faults and their names.

use std::fmt;
use std::str::FromStr;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The component crashes before the call is sent.
    CrashBefore,
    /// The component crashes after the call took effect, before it has the answer.
    CrashAfter,
    /// The call is lost on its way; the SDK waits for its time-out.
    RequestLost,
    /// The call takes effect, its answer is lost; the SDK waits for its time-out.
    AnswerLost,
    /// AWS refuses the call because there are too many.
    Throttle,
    /// AWS answers 500 and has done nothing.
    ServerError,
    /// The service cannot be reached by this component from this call on, for one minute.
    Outage,
    /// From this call on, for one minute, the service's answers come to this component later than its callers
    /// wait.
    SlowAnswers,
    /// A transaction meets another one on the same item.
    TransactionConflict,
    /// Of a batch of messages, items or keys, the first is not taken; the call as a whole succeeds.
    PartialBatchFailure,
    /// SNS refuses what this component publishes for one minute, for a reason that passes, such as a key that
    /// is throttled; it may blame the sender all the same.
    RefusedForAWhile,
    /// SNS refuses this message, now and for ever.
    RefusedMessage,
    /// A transaction becomes visible item by item, and others act in between. Each consumer runs twice, so
    /// that there are others.
    HalfVisible,
    /// Every message comes twice: at once, or 45 seconds later.
    DuplicateDelivery,
    /// Each consumer runs twice, and calls take so long that messages become visible again while they are
    /// handled.
    ConcurrentConsumers,
    /// A queue holds a message that nobody can read.
    PoisonPayload,
    /// A function that succeeded is called once more with the same batch.
    StreamRedelivery,
    /// The records of a batch come in reverse order; those of one item stay in order, as AWS promises.
    StreamReorder,
    /// A shard is split: records of different items come by two ways at once.
    SplitShard,
    /// Two relays work at once: a batch is delivered twice at the same time, or each poller runs twice.
    ConcurrentRelays,
}

impl Fault {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 20] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Throttle,
        Self::ServerError,
        Self::Outage,
        Self::SlowAnswers,
        Self::TransactionConflict,
        Self::PartialBatchFailure,
        Self::RefusedForAWhile,
        Self::RefusedMessage,
        Self::HalfVisible,
        Self::DuplicateDelivery,
        Self::ConcurrentConsumers,
        Self::PoisonPayload,
        Self::StreamRedelivery,
        Self::StreamReorder,
        Self::SplitShard,
        Self::ConcurrentRelays,
    ];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::RequestLost => "request-lost",
            Self::AnswerLost => "answer-lost",
            Self::Throttle => "throttle",
            Self::ServerError => "server-error-500",
            Self::Outage => "outage",
            Self::SlowAnswers => "slow-answers",
            Self::TransactionConflict => "transaction-conflict",
            Self::PartialBatchFailure => "partial-batch-failure",
            Self::RefusedForAWhile => "refused-for-a-while",
            Self::RefusedMessage => "refused-message",
            Self::HalfVisible => "half-visible",
            Self::DuplicateDelivery => "duplicate-delivery",
            Self::ConcurrentConsumers => "concurrent-consumers",
            Self::PoisonPayload => "poison-payload",
            Self::StreamRedelivery => "stream-redelivery",
            Self::StreamReorder => "stream-reorder",
            Self::SplitShard => "split-shard",
            Self::ConcurrentRelays => "concurrent-relays",
        }
    }

    /// What happens, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::CrashBefore => "the component crashes before an AWS call is sent",
            Self::CrashAfter => "the component crashes after an AWS call took effect",
            Self::RequestLost => "an AWS call is lost on its way",
            Self::AnswerLost => "an AWS call takes effect, its answer is lost",
            Self::Throttle => "AWS refuses a call because there are too many",
            Self::ServerError => "AWS answers 500 and has done nothing",
            Self::Outage => "a service cannot be reached for one minute",
            Self::SlowAnswers => "a service answers later than its callers wait, for one minute",
            Self::TransactionConflict => "a transaction meets another one on the same item",
            Self::PartialBatchFailure => "one entry of a batch is not taken",
            Self::RefusedForAWhile => "SNS refuses messages for one minute and may blame the sender",
            Self::RefusedMessage => "SNS refuses one message, now and for ever",
            Self::HalfVisible => "a transaction becomes visible item by item",
            Self::DuplicateDelivery => "every message is delivered twice",
            Self::ConcurrentConsumers => "two of each consumer, slower than the visibility timeout",
            Self::PoisonPayload => "a message that nobody can read lies in a queue",
            Self::StreamRedelivery => "a stream batch comes again after success",
            Self::StreamReorder => "stream records of different items change places",
            Self::SplitShard => "a split shard delivers records of different items at once",
            Self::ConcurrentRelays => "two relays work at once",
        }
    }

    /// Whether it strikes one AWS call; the others surround the calls.
    pub fn strikes_a_call(self) -> bool {
        self <= Self::RefusedMessage
    }

    /// Whether it goes on for a minute after the call that it strikes.
    pub(crate) fn lasts(self) -> bool {
        matches!(self, Self::Outage | Self::SlowAnswers | Self::RefusedForAWhile)
    }

    /// Whether it strikes the invocation of a function.
    pub(crate) fn strikes_a_function(self) -> bool {
        self >= Self::StreamRedelivery
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no fault of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault {name:?}; the faults are {}", Fault::ALL.map(Fault::name).join(", "))]
pub struct UnknownFault {
    name: String,
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| UnknownFault { name: name.to_owned() })
    }
}
