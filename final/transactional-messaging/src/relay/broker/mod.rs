//! What a relay needs of a broker. SNS is the one that is here (`sns.rs`); for another, implement [`Broker`].

mod group;
mod sns;
mod topics;

use futures::future::BoxFuture;

pub(super) use group::group_of;
pub use sns::SnsPublisher;
pub use topics::TopicDirectory;

use crate::outbox::OutboxRow;

/// Where a relay publishes to.
pub trait Broker: std::fmt::Debug + Send + Sync {
    /// What one call takes.
    fn limits(&self) -> Limits;

    /// Publishes messages to a topic, whose name is without the prefix of a deployment, with one call as far
    /// as possible: there are not more of them than the [`limits`](Self::limits) allow. What became of each
    /// is told in their sequence; of one that is not told of, it is not known.
    ///
    /// It ends with the current [deadline](waiting::Deadline). Only what the broker has taken for good may be
    /// [`Verdict::Sent`].
    fn publish<'a>(&'a self, topic: &'a str, messages: &'a [&'a OutboxRow]) -> BoxFuture<'a, Vec<Verdict>>;
}

/// What one call to a broker takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most messages.
    pub entries: usize,
    /// The most bytes of all their envelopes.
    pub bytes: usize,
    /// Whether the broker takes the messages of a call from the first one on, so that none stands behind one
    /// that it refused. Only then do messages of one subject share a call.
    pub keeps_order: bool,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The broker has taken it.
    Sent,
    /// Sending it again may help; the code says why it was not taken.
    Again(String),
    /// The broker has not answered in time. Whatever else goes to the topic would wait as long.
    Silent,
    /// Its topic does not exist. Topics come back, so it is sent again.
    NoTopic,
    /// Sending it again as it is cannot help, for this reason.
    Poison(String),
}

impl Verdict {
    /// Why it was not sent, as a code.
    fn code(&self) -> &str {
        match self {
            Self::Sent => "",
            Self::Again(code) | Self::Poison(code) => code,
            Self::Silent => "timeout",
            Self::NoTopic => "NotFound",
        }
    }
}
