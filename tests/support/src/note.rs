//! The message of these tests, and one whose topic nobody made.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::{
    message::{Message, MessageType, Topic},
    timestamp,
};
use uuid::Uuid;

/// Something was noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The message's own.
    pub event_id: Uuid,
    /// When it was noted.
    #[serde(with = "timestamp")]
    pub created_at: OffsetDateTime,
    /// What.
    pub text: String,
}

impl MessageType for Noted {
    const TYPE: &'static str = "Noted";
    const TOPIC: Topic = Topic::new("noted");
}

/// The same for a topic that does not exist.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Astray(pub Noted);

impl MessageType for Astray {
    const TYPE: &'static str = "Astray";
    const TOPIC: Topic = Topic::new("nowhere");
}

impl Message for Noted {
    fn id(&self) -> Uuid {
        self.event_id
    }
    fn created_at(&self) -> OffsetDateTime {
        self.created_at
    }
}

impl Message for Astray {
    fn id(&self) -> Uuid {
        self.0.event_id
    }
    fn created_at(&self) -> OffsetDateTime {
        self.0.created_at
    }
}
