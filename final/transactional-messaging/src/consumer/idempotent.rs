//! The idempotent consumer: effect, inbox row and outgoing messages in one unit of work.

use std::{future::Future, time::Duration};

use unit_of_work::{Backoff, CommitError, Database, LostRace, ReadError, UnitOfWork, retry_lost_races};
use uuid::Uuid;

use super::{Delivery, Handled, HandlerError};
use crate::{ambient::Ambient, inbox::Inbox};

/// How often a message is decided anew before it goes back to its queue. With ten writers on one aggregate
/// somebody commits in each round, so the tenth attempt at the latest would do; the rest is for writers in
/// other processes.
const ATTEMPTS: u32 = 16;
const FIRST_WAIT: Duration = Duration::from_millis(15);
const LONGEST_WAIT: Duration = Duration::from_millis(800);

/// Gives each message its effect once, however often it is delivered and whoever else handles it at the same
/// time.
///
/// ```
/// use transactional_messaging::prelude::*;
/// use unit_of_work::{MemoryDatabase, Table, Update};
///
/// consumed! { /** A note was read. */ NoteRead on "note--read" {} }
/// const READ: Queue<NoteRead> = Queue::new("count--note-read");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (database, id) = (MemoryDatabase::new(), Uuid::from_u128(7));
/// # let ambient = Ambient::fixed(time::OffsetDateTime::UNIX_EPOCH);
/// # let body = format!(
/// #     r#"{{"specversion": "1.0", "id": "{id}", "source": "/notes", "type": "NoteRead", "data": {{}}}}"#
/// # );
/// let consumer = IdempotentConsumer::new(Inbox::new("count-inbox", DEFAULT_RETENTION), database, ambient);
/// let counts = &Table::new("counts", "PK");
/// let delivery = Delivery::parse(READ, &body)?;
/// for expected in [Handled::Done, Handled::Duplicate] {
///     let handled = consumer.once(&delivery, |mut work| async move {
///         work.add(Update::new(counts, counts.key("notes", None)).add("Read", 1));
///         Ok(work)
///     });
///     assert_eq!(handled.await?, expected);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct IdempotentConsumer<D> {
    inbox: Inbox,
    database: D,
    ambient: Ambient,
}

/// Why a commit of a message's effect did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The message was handled before.
    Duplicate,
    /// Something the decision rested on has changed: decide anew. A condition to which no error was attached
    /// means this, too.
    LostRace,
}

enum Attempt {
    LostRace,
    Failed(HandlerError),
}

impl LostRace for Attempt {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::LostRace)
    }
}

impl<D: Database> IdempotentConsumer<D> {
    /// One for all queues of a service: under which name a message is remembered, its [`Delivery`] says.
    pub fn new(inbox: Inbox, database: D, ambient: Ambient) -> Self {
        Self { inbox, database, ambient }
    }

    // ANCHOR: once
    /// Handles a message once. `decide` loads what it needs, decides, and adds its writes to the unit of work
    /// it is given; it is called anew after a lost race, so it must have no effect but through the unit of
    /// work. A lost race is whatever condition fails, unless it has another error attached.
    ///
    /// # Errors
    ///
    /// What `decide` returned, or a retryable error when the commit did not go through.
    pub async fn once<M, F, Fut>(&self, delivery: &Delivery<M>, decide: F) -> Result<Handled, HandlerError>
    where
        F: Fn(UnitOfWork<Conflict>) -> Fut,
        Fut: Future<Output = Result<UnitOfWork<Conflict>, HandlerError>>,
    {
        let (consumer, id) = (delivery.consumer, delivery.envelope.id);
        let backoff = Backoff::new(self.ambient.id(), ATTEMPTS, FIRST_WAIT, LONGEST_WAIT);
        let outcome = retry_lost_races(backoff, || async {
            let mut work = UnitOfWork::new(self.ambient.id());
            let remember = self.inbox.remember(consumer, id, self.ambient.now()).map_err(failed)?;
            work.add(remember.or(Conflict::Duplicate));
            let work = match decide(work).await {
                Ok(work) => work,
                // The state has moved on since a duplicate was handled, so deciding it anew may fail: then it
                // still is a duplicate.
                Err(error) => match self.has_handled(consumer, id).await {
                    Ok(true) => return Ok(Handled::Duplicate),
                    Ok(false) => return Err(Attempt::Failed(error)),
                    // Nobody knows yet whether the error counts.
                    Err(unread) => return Err(failed(unread)),
                },
            };
            match work.commit(&self.database).await {
                Ok(()) => {
                    self.tell(delivery);
                    Ok(Handled::Done)
                }
                Err(CommitError::Rejected(Conflict::Duplicate)) => Ok(Handled::Duplicate),
                // What was read is no longer so; a condition without an error of its own means nothing else.
                Err(CommitError::Rejected(Conflict::LostRace) | CommitError::ConditionFailed { .. }) => {
                    Err(Attempt::LostRace)
                }
                Err(error) => Err(failed(error)),
            }
        });
        outcome.await.map_err(|attempt| match attempt {
            Attempt::Failed(error) => error,
            Attempt::LostRace => {
                HandlerError::retryable(format!("lost the race for the aggregate {ATTEMPTS} times"))
            }
        })
    }
    // ANCHOR_END: once

    /// How long the message took from what it tells of to its effect, on its sender's clock and on ours.
    fn tell<M>(&self, delivery: &Delivery<M>) {
        if let Some(happened) = delivery.envelope.time {
            let time = (self.ambient.now() - happened).as_seconds_f64().max(0.0);
            metrics::histogram!("inbox.critical_time", "messaging.destination.name" => delivery.consumer)
                .record(time);
        }
    }

    async fn has_handled(&self, consumer: &str, message_id: Uuid) -> Result<bool, ReadError> {
        self.inbox.remembers(&self.database, consumer, message_id, self.ambient.now()).await
    }
}

fn failed(error: impl Into<HandlerError>) -> Attempt {
    Attempt::Failed(error.into())
}
