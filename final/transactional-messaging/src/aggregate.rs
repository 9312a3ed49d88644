//! Aggregates: what has an identity and a version, and tells of its changes in order.

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::message::{MessageType, Place, Sequence, Subject, Topic, is_plain};

/// An aggregate as a commit writes it. It gives its messages their [`Place`], so that nobody counts versions
/// by hand.
///
/// ```
/// use transactional_messaging::{aggregate::Aggregate, message::{Place, Sequence}};
/// use uuid::Uuid;
///
/// struct Order { id: Uuid, version: u64 }
///
/// impl Aggregate for Order {
///     const KIND: &'static str = "order";
///     fn id(&self) -> Uuid { self.id }
///     fn version(&self) -> u64 { self.version }
/// }
///
/// let paid = Order { id: Uuid::from_u128(7), version: 3 };
/// let place = Place::after(paid.subject(), Sequence::of(3, 0), Sequence::of(2, 0));
/// assert_eq!(Place::from(&paid), place);
/// ```
pub trait Aggregate {
    /// What kind of thing it is, such as `order`: letters, digits, hyphens and underscores.
    const KIND: &'static str;

    /// Its id, which no other aggregate of its kind has, and which never gets a second first version.
    fn id(&self) -> Uuid;

    /// The version that the commit writes: 0 when it is new, one more with each change.
    fn version(&self) -> u64;

    /// The last version before this one of which a message tells, if there is one. By default that is the
    /// version before: every version has a message. An aggregate that also changes silently has to remember
    /// which version it announced last.
    fn announced_before(&self) -> Option<u64> {
        self.version().checked_sub(1)
    }

    /// The subject of its messages.
    fn subject(&self) -> Subject {
        const { assert!(is_plain(Self::KIND), "a kind has letters, digits, hyphens and underscores only") };
        Subject::aggregate(Self::KIND, self.id())
    }
}

/// The place of the only message that tells of this version.
impl<A: Aggregate> From<&A> for Place {
    fn from(aggregate: &A) -> Self {
        let (subject, sequence) = (aggregate.subject(), Sequence::of(aggregate.version(), 0));
        match aggregate.announced_before() {
            None => Self::first(subject, sequence),
            Some(before) => Self::after(subject, sequence, Sequence::of(before, 0)),
        }
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

/// The state of a kind of aggregate. [`published!`](crate::published) implements it, together with the
/// events, for [`Aggregates`](crate::aggregates::Aggregates).
pub trait State: Serialize + DeserializeOwned + Send {
    /// What kind of thing it is, such as `parcel`.
    const KIND: &'static str;
    /// The topics of all events that tell of it.
    const TOPICS: &'static [Topic];
}

/// A message that tells of a change of aggregates with the state `S`. Id and time it gets when it is stored.
pub trait Event<S>: MessageType + Serialize {}
