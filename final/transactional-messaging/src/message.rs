//! Messages, the topics they are bound to, and what travels with them.

use serde::Serialize;
use time::OffsetDateTime;
use trace_context::TraceContext;
use uuid::Uuid;

/// The kind of a message and the one topic it goes to, fixed at compile time: a message without a topic does
/// not compile, and neither does a topic whose name SNS would refuse.
pub trait MessageType {
    /// The name of the kind, such as `OrderCreated`; becomes the CloudEvents `type`.
    const TYPE: &'static str;
    /// The topic.
    const TOPIC: Topic;
    /// The service that owns the topic, as its messages say in their `source`; a message from elsewhere is
    /// refused. None where the receiver does not know.
    const SOURCE: Option<&'static str> = None;

    /// Whether a message with these data can be about this subject. One that cannot is refused: whoever made
    /// it wanted to be put in another's place. A type that cannot tell says yes.
    fn is_about(&self, _subject: &str) -> bool {
        true
    }

    /// This message, made of the data of another kind that it took the place of; none when it replaced no
    /// such kind. [`consumed!`](crate::consumed) writes it: an older producer, an outbox, a queue or a
    /// dead-letter queue may still hold the earlier kind.
    fn upcast(_kind: &str, _data: &str) -> Option<Result<Self, serde_json::Error>>
    where
        Self: Sized,
    {
        None
    }
}

/// A message that can be published.
pub trait Message: MessageType + Serialize {
    /// The id by which consumers recognise a duplicate. It stays the same however often the message is
    /// dispatched.
    fn id(&self) -> Uuid;
    /// When the thing happened that the message tells of.
    fn created_at(&self) -> OffsetDateTime;
}

/// The name of a topic, without the prefix of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Topic(&'static str);

impl Topic {
    /// A topic of this name: 1 to 200 letters, digits, hyphens and underscores. SNS allows 256; the rest is
    /// room for a prefix.
    ///
    /// # Panics
    ///
    /// On another name. In a constant, which is what this is for, that is a compile error.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty() && name.len() <= 200, "a topic's name has 1 to 200 characters");
        assert!(is_plain(name), "a topic's name consists of letters, digits, hyphens and underscores");
        Self(name)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Whether a name has only characters that SNS and SQS take in names.
pub(crate) const fn is_plain(name: &str) -> bool {
    let (bytes, mut at) = (name.as_bytes(), 0);
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || bytes[at] == b'-' || bytes[at] == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

/// What one message hands on to the messages that it causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// One id for everything that one request set off.
    pub correlation_id: Uuid,
    /// The id of the message that is being handled; none when the cause was a request.
    pub causation_id: Option<Uuid>,
    /// W3C trace context, handed on as it came; where traces are exported, a message gets one of its own
    /// instead, which goes on with the trace of the span that is current when the message is written.
    pub trace: Option<TraceContext>,
}

impl Context {
    /// The context of a request that starts something.
    pub fn of_request(correlation_id: Uuid) -> Self {
        Self { correlation_id, causation_id: None, trace: None }
    }

    /// The same with the trace context that the request came with.
    #[must_use]
    pub fn traced(mut self, trace: Option<TraceContext>) -> Self {
        self.trace = trace;
        self
    }
}

/// What a message is about: an aggregate, or one decision about an aggregate.
///
/// Messages with the same subject are dispatched in the order of their [`Sequence`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// The subject with this text form, as envelopes and logs show it.
    pub fn named(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An aggregate, such as `customer/3f0c…`.
    pub fn aggregate(kind: &str, id: Uuid) -> Self {
        Self(format!("{kind}/{id}"))
    }

    /// A decision about this aggregate that leaves it unchanged, such as `customer/3f0c…/order/77ab…`: it has
    /// no version that could give it a place among the aggregate's own messages.
    #[must_use]
    pub fn about(&self, kind: &str, id: Uuid) -> Self {
        Self(format!("{}/{kind}/{id}", self.0))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a message stands: its subject, its sequence, and the message of its subject that must be sent before
/// it.
///
/// Whoever commits a message knows the one before it, because the aggregate remembers it: by its version
/// where every version has a message, otherwise by a note of the last version that had one. The relay cannot
/// find out by looking. A transaction of DynamoDB becomes visible item by item, so what a read does not show
/// may still come ("Amazon DynamoDB Developer Guide, Isolation levels").
///
/// An aggregate that is erased takes that memory with it. Leave something in its place, so that its id never
/// has a second first message.
///
/// ```
/// use transactional_messaging::message::{Place, Sequence, Subject};
/// use uuid::Uuid;
///
/// let cart = Subject::aggregate("cart", Uuid::from_u128(7));
/// let created = Place::first(cart.clone(), Sequence::of(0, 0));
/// // Versions 1 and 2 were silent, and version 3 has two messages.
/// let paid = Place::after(cart.clone(), Sequence::of(3, 0), Sequence::of(0, 0));
/// let thanked = Place::after(cart, Sequence::of(3, 1), Sequence::of(3, 0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(crate) subject: Subject,
    pub(crate) sequence: Sequence,
    pub(crate) predecessor: Option<Sequence>,
}

impl Place {
    /// The place of the only message that its subject ever has, such as a [decision](Subject::about).
    pub fn only(subject: Subject) -> Self {
        Self::first(subject, Sequence::single())
    }

    /// The place of a subject's first message: nothing is waited for.
    pub fn first(subject: Subject, sequence: Sequence) -> Self {
        Self { subject, sequence, predecessor: None }
    }

    /// The place directly behind the message with the sequence `predecessor`, which must be the smaller one.
    pub fn after(subject: Subject, sequence: Sequence, predecessor: Sequence) -> Self {
        Self { subject, sequence, predecessor: Some(predecessor) }
    }
}

/// A message's number among the messages of its subject.
///
/// It comes from the version that the aggregate's commit writes, so that messages sort as their commits. Not
/// every version needs to have a message, so numbers have gaps; what stands directly in front of a message is
/// said by its [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequence(u64);

impl Sequence {
    /// Room for the messages of one commit; a transaction has at most 100 actions.
    const PER_VERSION: u64 = 100;

    /// The sequence of the message number `index` (from 0) of the commit that writes this version of the
    /// aggregate (from 0).
    pub fn of(version: u64, index: u64) -> Self {
        Self(
            version
                .saturating_mul(Self::PER_VERSION)
                .saturating_add(index.min(Self::PER_VERSION - 1))
                .saturating_add(1),
        )
    }

    /// The version of the subject that the message's commit wrote.
    pub fn version(self) -> u64 {
        self.0.saturating_sub(1) / Self::PER_VERSION
    }

    /// Whether it is a sequence at all; the first one is 1.
    pub(crate) fn is_some(self) -> bool {
        self.0 > 0
    }

    /// The sequence of the only message of a subject.
    pub fn single() -> Self {
        Self::of(0, 0)
    }
}

/// Reads what is written in an envelope.
impl std::str::FromStr for Sequence {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Twenty digits, so that the order of the texts is the order of the numbers, as the CloudEvents `sequence`
/// extension wants it.
impl std::fmt::Display for Sequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sequences_sort_as_texts_as_they_sort_as_versions(a in 0u64..1 << 50, b in 0u64..1 << 50, i in 0u64..98, j in 0u64..98) {
            let (left, right) = (Sequence::of(a, i), Sequence::of(b, j));
            prop_assert_eq!((a, i).cmp(&(b, j)), left.to_string().cmp(&right.to_string()));
            prop_assert_eq!((left.to_string().parse(), left.version()), (Ok(left), a));
        }
    }
}
