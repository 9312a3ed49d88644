//! A store of aggregates: state, version, and the messages that tell of changes, written together or not at
//! all.

mod versioned;

pub use versioned::Versioned;

use std::marker::PhantomData;

use unit_of_work::{Check, CommitError, Database, Item, ItemError, LoadError, Put, Table, UnitOfWork};
use uuid::Uuid;
use versioned::{KEY, Stamped};

use crate::{
    aggregate::{Aggregate as _, Event, State},
    ambient::Ambient,
    consumer::{Conflict, HandlerError},
    error::PublishError,
    message::Context,
    outbox::Outbox,
};

/// The aggregates of one kind in a table of their own.
///
/// An item has the attributes of the state, and beside them `PK` (the kind and the id), `Version` and
/// `AnnouncedVersion`. Whoever has rows of another shape implements
/// [`Aggregate`](crate::aggregate::Aggregate) and uses [`Table`] and [`Outbox`] directly: nothing here does
/// more than those.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use transactional_messaging::{aggregates::Aggregates, message::Context, prelude::*};
///
/// published! {
///     of Note as "note";
///     /// A note was taken.
///     NoteTaken on "note--taken" { words: usize }
///     /// It was changed.
///     NoteChanged on "note--changed" {}
/// }
/// #[derive(Serialize, Deserialize)]
/// struct Note { text: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = unit_of_work::MemoryDatabase::new();
/// # let ambient = Ambient::fixed(time::OffsetDateTime::UNIX_EPOCH);
/// let outbox = Outbox::new("notes-outbox", "/notes");
/// let notes = Aggregates::new("notes", outbox, database, ambient);
/// let context = Context::of_request(Uuid::from_u128(1));
///
/// let note = notes.create(Note { text: "buy milk".to_owned() });
/// let (id, mut work) = (note.id(), notes.begin());
/// notes.save(&mut work, note, &context, NoteTaken { words: 2 })?;
/// notes.commit(work).await?; // the note and its message, or neither
///
/// let mut note = notes.load(id).await?.ok_or("it was erased")?;
/// note.text.push_str(" and bread");
/// let mut work = notes.begin();
/// notes.save(&mut work, note, &context, NoteChanged {})?;
/// notes.commit(work).await?; // unless somebody else has changed it since it was loaded
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Aggregates<S, D> {
    table: Table,
    outbox: Outbox,
    database: D,
    ambient: Ambient,
    state: PhantomData<fn() -> S>,
}

/// An aggregate was not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The state or the event cannot be stored. No retry helps.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The commit did not go through.
    #[error(transparent)]
    Commit(#[from] CommitError<Conflict>),
}

impl<S: State, D: Database> Aggregates<S, D> {
    /// The aggregates in the table of this name, whose partition key is `PK`, and the outbox in which they
    /// tell of their changes.
    pub fn new(table_name: impl Into<String>, outbox: Outbox, database: D, ambient: Ambient) -> Self {
        Self { table: Table::new(table_name, KEY), outbox, database, ambient, state: PhantomData }
    }

    /// A new aggregate with an id that no other has. It is in the store when it was saved and committed.
    pub fn create(&self, state: S) -> Versioned<S> {
        Versioned::new(self.ambient.id(), state)
    }

    /// An aggregate, if there is one, read consistently.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn load(&self, id: Uuid) -> Result<Option<Versioned<S>>, LoadError> {
        let item = self.database.get(&self.table, self.key(id)).await?;
        Ok(item.map(|item| Versioned::read(id, item)).transpose()?)
    }

    /// The aggregate that a message names. One that is not there comes again with the message: a transaction
    /// becomes visible item by item, so a message can be heard of before the aggregate can be read that it is
    /// about.
    ///
    /// # Errors
    ///
    /// A retryable error when it is not there, or cannot be read; a terminal one when it is damaged.
    pub async fn existing(&self, id: Uuid) -> Result<Versioned<S>, HandlerError> {
        let found = self.load(id).await?;
        found.ok_or_else(|| HandlerError::retryable(format!("there is no {} {id}", S::KIND)))
    }

    /// An empty unit of work. Whatever else belongs to the change can be added to it.
    pub fn begin(&self) -> UnitOfWork<Conflict> {
        UnitOfWork::new(self.ambient.id())
    }

    /// Adds to the unit of work the aggregate as it is now, and the event that tells of it. The commit fails
    /// if the aggregate is there already, or is not as it was loaded.
    ///
    /// # Errors
    ///
    /// [`PublishError`] when the state or the event cannot be stored, or the event could never be sent.
    pub fn save<M: Event<S>, E>(
        &self,
        work: &mut UnitOfWork<E>,
        aggregate: Versioned<S>,
        context: &Context,
        event: M,
    ) -> Result<(), PublishError> {
        let event = Stamped::new(&self.ambient, event);
        work.add(self.put(&aggregate, Some(aggregate.version()))?);
        self.outbox.publish(work, &aggregate, context, &event)
    }

    /// The same as a unit of work of its own, and its commit.
    ///
    /// # Errors
    ///
    /// [`SaveError`].
    pub async fn save_alone<M: Event<S>>(
        &self,
        aggregate: Versioned<S>,
        context: &Context,
        event: M,
    ) -> Result<(), SaveError> {
        let mut work = self.begin();
        self.save(&mut work, aggregate, context, event)?;
        Ok(self.commit(work).await?)
    }

    /// The same for a change of which no event tells.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the state cannot be stored.
    pub fn save_silently<E>(
        &self,
        work: &mut UnitOfWork<E>,
        aggregate: Versioned<S>,
    ) -> Result<(), ItemError> {
        work.add(self.put(&aggregate, aggregate.announced_before())?);
        Ok(())
    }

    /// For a decision that rests on an aggregate and leaves it as it is: the commit fails if it is not as it
    /// was loaded.
    pub fn unchanged(&self, aggregate: &Versioned<S>) -> Check {
        Check::new(&self.table, self.key(aggregate.id()), aggregate.as_loaded())
    }

    /// Commits to the database in which the aggregates are.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; [`CommitError::ConditionFailed`] when an aggregate was not as it was loaded.
    pub async fn commit<E>(&self, work: UnitOfWork<E>) -> Result<(), CommitError<E>> {
        work.commit(&self.database).await
    }

    fn put(&self, aggregate: &Versioned<S>, announced: Option<u64>) -> Result<Put, ItemError> {
        let item = aggregate.item(self.key(aggregate.id()), announced)?;
        Ok(Put::item(&self.table, item)?.when(aggregate.as_loaded()))
    }

    fn key(&self, id: Uuid) -> Item {
        self.table.key(format!("{}#{id}", S::KIND.to_uppercase()), None)
    }
}
