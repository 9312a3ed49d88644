//! What a service needs that keeps aggregates, tells of them and hears of others:
//! `use transactional_messaging::prelude::*`.

pub use unit_of_work::{CommitError, Database, DynamoDb, UnitOfWork};
pub use uuid::Uuid;

pub use crate::{
    aggregate::Aggregate,
    aggregates::{Aggregates, Versioned},
    ambient::Ambient,
    consumed,
    consumer::{
        Conflict, ConsumerGroup, ConsumerSettings, Delivery, Handled, HandlerError, IdempotentConsumer,
        KeyedLocks,
    },
    inbox::{DEFAULT_RETENTION, Inbox},
    message::{Context, Message, MessageType, Place, Sequence, Subject},
    messaging::Messaging,
    outbox::Outbox,
    provision::{ServiceResources, ensure_service},
    published,
    wiring::{Queue, Wiring},
};
