//! An aggregate between the store and its change, and the event that tells of it.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use unit_of_work::{AttributeValue, Condition, Item, ItemError, VERSION, from_item, to_item};
use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, State},
    ambient::Ambient,
    message::{Message, MessageType, Topic},
};

pub(super) const KEY: &str = "PK";
/// The version of which a message told last.
const ANNOUNCED: &str = "AnnouncedVersion";

/// An aggregate that was created or loaded: its state, which may be changed, and what it is in the store. It
/// is saved once, because its place among its versions is given once; load it anew to change it again.
#[derive(Debug)]
pub struct Versioned<S> {
    id: Uuid,
    stored: Option<Stored>,
    state: S,
}

/// What the store knows of an aggregate.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    version: u64,
    announced_version: Option<u64>,
}

impl<S> Versioned<S> {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What must be true of the stored item: it is as it was loaded, or not there yet.
    pub(super) fn as_loaded(&self) -> Condition {
        match self.stored {
            None => Condition::not_exists(KEY),
            Some(Stored { version, .. }) => Condition::number_is(VERSION, version),
        }
    }
}

impl<S: State> Versioned<S> {
    pub(super) fn new(id: Uuid, state: S) -> Self {
        Self { id, stored: None, state }
    }

    pub(super) fn read(id: Uuid, item: Item) -> Result<Self, ItemError> {
        let stored: Stored = from_item(item.clone())?;
        Ok(Self { id, stored: Some(stored), state: from_item(item)? })
    }

    /// The item of the version that is to be written, with the last version of which a message tells then.
    pub(super) fn item(&self, key: Item, announced: Option<u64>) -> Result<Item, ItemError> {
        let mut item = to_item(&self.state)?;
        if let Some(taken) = [KEY, VERSION, ANNOUNCED].into_iter().find(|name| item.contains_key(*name)) {
            let source =
                format!("the state has an attribute {taken}, which its store needs; give it another name");
            return Err(ItemError::Serialize { source: source.into() });
        }
        item.extend(key);
        for (name, number) in [(VERSION, Some(self.version())), (ANNOUNCED, announced)] {
            item.extend(number.map(|number| (name.to_owned(), AttributeValue::N(number.to_string()))));
        }
        Ok(item)
    }
}

impl<S: State> Aggregate for Versioned<S> {
    const KIND: &'static str = S::KIND;

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> u64 {
        self.stored.map_or(0, |stored| stored.version + 1)
    }

    fn announced_before(&self) -> Option<u64> {
        self.stored?.announced_version
    }
}

impl<S> Deref for Versioned<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S> DerefMut for Versioned<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

/// An event with the id and the time that it got when it was stored. They travel in the envelope, and not in
/// the data.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Stamped<M> {
    #[serde(skip)]
    id: Uuid,
    #[serde(skip)]
    created_at: OffsetDateTime,
    event: M,
}

impl<M> Stamped<M> {
    pub(super) fn new(ambient: &Ambient, event: M) -> Self {
        Self { id: ambient.id(), created_at: ambient.now(), event }
    }
}

impl<M: MessageType> MessageType for Stamped<M> {
    const TYPE: &'static str = M::TYPE;
    const TOPIC: Topic = M::TOPIC;
    const SOURCE: Option<&'static str> = M::SOURCE;
}

impl<M: MessageType + Serialize> Message for Stamped<M> {
    fn id(&self) -> Uuid {
        self.id
    }

    fn created_at(&self) -> OffsetDateTime {
        self.created_at
    }
}
