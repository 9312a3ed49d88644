//! The messaging of one service in a few words, for those who name their tables as everybody here does.

use unit_of_work::Database;

use crate::{
    aggregate::State,
    aggregates::Aggregates,
    ambient::Ambient,
    consumer::IdempotentConsumer,
    inbox::{DEFAULT_RETENTION, Inbox},
    outbox::Outbox,
    provision::ServiceResources,
    wiring::Wiring,
};

/// A service with the tables `NAME`, `NAME-inbox` and `NAME-outbox`, whose messages have the source `/NAME`.
/// Each part can also be made by itself, with other names: nothing here does more than that.
///
/// See `examples/parcels` for a whole service.
///
/// ```
/// # use transactional_messaging::prelude::*;
/// # let database = unit_of_work::MemoryDatabase::new();
/// # let ambient = Ambient::fixed(time::OffsetDateTime::UNIX_EPOCH);
/// let messaging = Messaging::new("mail", database, ambient);
/// let needed = messaging.resources(&Wiring::<()>::new());
/// assert_eq!(needed.inbox_table.as_deref(), Some("mail-inbox"));
/// ```
#[derive(Clone, Debug)]
pub struct Messaging<D> {
    name: String,
    database: D,
    ambient: Ambient,
}

impl<D: Database + Clone> Messaging<D> {
    /// The messaging of the service with this name, which may begin with the prefix of a deployment.
    pub fn new(name: impl Into<String>, database: D, ambient: Ambient) -> Self {
        Self { name: name.into(), database, ambient }
    }

    /// Its aggregates of one kind. Those of several kinds share table and outbox.
    pub fn aggregates<S: State>(&self) -> Aggregates<S, D> {
        let outbox = Outbox::new(self.outbox_table(), format!("/{}", self.name));
        Aggregates::new(&self.name, outbox, self.database.clone(), self.ambient.clone())
    }

    /// Its consumer, which remembers what was handled for [90 days](DEFAULT_RETENTION).
    pub fn consumer(&self) -> IdempotentConsumer<D> {
        let inbox = Inbox::new(self.inbox_table(), DEFAULT_RETENTION);
        IdempotentConsumer::new(inbox, self.database.clone(), self.ambient.clone())
    }

    /// What it needs of AWS, topics and queues without a prefix. For development: see
    /// [`provision`](crate::provision).
    pub fn resources<S: Clone + Send + Sync + 'static>(&self, wiring: &Wiring<S>) -> ServiceResources {
        ServiceResources {
            aggregate_table: Some(self.name.clone()),
            inbox_table: Some(self.inbox_table()),
            outbox_table: Some(self.outbox_table()),
            ..ServiceResources::wired(&wiring.description(), "", "")
        }
    }

    /// The name of its outbox table, for the relay.
    pub fn outbox_table(&self) -> String {
        format!("{}-outbox", self.name)
    }

    fn inbox_table(&self) -> String {
        format!("{}-inbox", self.name)
    }
}
