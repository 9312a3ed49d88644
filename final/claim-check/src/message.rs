//! The message on both sides, and the claim that travels in its place.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use transactional_messaging::{
    consumer::Unreadable,
    message::{Message, MessageType, Topic},
};
use uuid::Uuid;

/// What travels in place of a large message. The object's name follows from it, so a forged claim leads to
/// nothing but content of which its author knows the hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// SHA-256 of the content, in lower-case hexadecimal digits.
    sha256: String,
    /// Length of the content.
    bytes: u64,
}

impl Claim {
    /// The claim for this content.
    pub fn of(content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sha256, bytes: content.len() as u64 }
    }

    /// The name of the object that holds the content of a message of this kind. The same content has the same
    /// name, so storing it again after a lost answer changes nothing.
    pub fn key(&self, kind: &str) -> String {
        format!("{kind}/{}", self.sha256)
    }

    /// Length of the content.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_well_formed(&self) -> bool {
        self.sha256.len() == 64
            && self.sha256.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
    }
}

/// Where in a message's data the claim stands.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marked<C> {
    claim_check: Option<C>,
}

/// Whether the data of a message is a claim, or would be taken for one.
pub(crate) fn is_marked(data: &str) -> bool {
    // The field is looked for first, so that a large message is not read for nothing.
    data.contains("claimCheck")
        && serde_json::from_str::<Marked<&RawValue>>(data).is_ok_and(|marked| marked.claim_check.is_some())
}

/// A message that was checked in: published as it is, or by a claim when it is large.
#[derive(Clone, Debug)]
pub struct Checked<M> {
    pub(crate) message: M,
    pub(crate) claim: Option<Claim>,
}

impl<M> Checked<M> {
    /// The claim; none when the message itself travels.
    pub fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }
}

impl<M: MessageType> MessageType for Checked<M> {
    const TYPE: &'static str = M::TYPE;
    const TOPIC: Topic = M::TOPIC;
}

impl<M: Message> Message for Checked<M> {
    fn id(&self) -> Uuid {
        self.message.id()
    }

    fn created_at(&self) -> OffsetDateTime {
        self.message.created_at()
    }
}

impl<M: Serialize> Serialize for Checked<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.claim {
            Some(claim) => Marked { claim_check: Some(claim) }.serialize(serializer),
            None => self.message.serialize(serializer),
        }
    }
}

/// A message as it arrives: itself, or a claim. [`redeem`](crate::bucket::PayloadBucket::redeem) makes the
/// message of it.
///
/// A consumer that does not ask for this type finds a claim unreadable, and its dead-letter queue keeps it.
#[derive(Clone, Debug)]
pub struct Claimable<M> {
    data: Box<RawValue>,
    message: PhantomData<fn() -> M>,
}

impl<M: MessageType> MessageType for Claimable<M> {
    const TYPE: &'static str = M::TYPE;
    const TOPIC: Topic = M::TOPIC;
}

impl<'de, M> Deserialize<'de> for Claimable<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { data: Box::deserialize(deserializer)?, message: PhantomData })
    }
}

impl<M: MessageType> Claimable<M> {
    /// The claim, or none when the message itself came.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when there is a claim that nobody here has written.
    pub fn claim(&self) -> Result<Option<Claim>, Unreadable> {
        if !is_marked(self.data.get()) {
            return Ok(None);
        }
        let unreadable = |source| Unreadable::Data { kind: M::TYPE, source };
        let marked: Marked<Claim> = serde_json::from_str(self.data.get()).map_err(unreadable)?;
        match marked.claim_check {
            Some(claim) if !claim.is_well_formed() => {
                Err(unreadable(serde::de::Error::custom("the claim's hash is no sha-256")))
            }
            claim => Ok(claim),
        }
    }

    /// The data as it came.
    pub(crate) fn text(&self) -> &str {
        self.data.get()
    }
}
