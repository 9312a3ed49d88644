//! Messages for later: stored with a change now, published when their time has come, unless they are
//! cancelled before.
//!
//! They wait in a table of their own, found by a [sparse index](crate::due) on their time. When that has
//! come, a [`Mover`] moves them into the outbox, each in one transaction that deletes it here and puts it
//! there. From there a message goes its usual way.
//!
//! ```
//! # use serde::Serialize;
//! # use time::{Duration, OffsetDateTime};
//! # use transactional_messaging::{ambient::Ambient, message::{Context, Message as _, Subject}, outbox::Outbox, published};
//! use transactional_messaging::scheduled::Schedule;
//! # use unit_of_work::{CommitError, MemoryDatabase, UnitOfWork};
//! # use uuid::Uuid;
//! # #[derive(Clone, Debug, Serialize)]
//! # struct Head { event_id: Uuid, created_at: OffsetDateTime }
//! # published! {
//! #     /// A cart was left alone.
//! #     CartForgotten on "cart--forgotten" with Head { cart_id: Uuid }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (database, ambient) = (MemoryDatabase::new(), Ambient::fixed(OffsetDateTime::UNIX_EPOCH));
//! # let cart_id = ambient.id();
//! # let context = Context::of_request(ambient.id());
//! let schedule = Schedule::new("carts-scheduled", Outbox::new("carts-outbox", "/carts"));
//!
//! let mut work = UnitOfWork::new(ambient.id()); // and what is done to the cart
//! let reminder = CartForgotten { head: Head { event_id: ambient.id(), created_at: ambient.now() }, cart_id };
//! let tomorrow = (&Subject::aggregate("cart", cart_id), ambient.now() + Duration::DAY);
//! schedule.publish_at(&mut work, tomorrow, &context, &reminder, "it is scheduled")?;
//! work.commit(&database).await?;
//!
//! // The cart is paid for: its id is all that is needed to take the message back.
//! let mut work = UnitOfWork::new(ambient.id());
//! schedule.cancel(&mut work, reminder.id(), "too late: the reminder has gone");
//! work.commit(&database).await?;
//! # let mut work = UnitOfWork::new(ambient.id());
//! # schedule.cancel(&mut work, reminder.id(), "too late");
//! # assert!(matches!(work.commit(&database).await, Err(CommitError::Rejected("too late"))));
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised, and what is not
//!
//! - A message is never moved before its time by the mover's clock, and is moved by the first round of a
//!   mover at or after it: so it is published up to one interval of the mover late, and the time that the
//!   relay takes.
//! - It is moved once, however many movers there are, and published at least once, as every message is.
//! - Cancelling is part of a unit of work. If that commits, the message is never published; if the message
//!   has been moved already, the unit of work does not commit, and gives back an error of yours.
//! - It has a subject of its own (`about`, `scheduled`, and its id), so it has no place among the messages of
//!   the aggregate that it is about: it holds none of them up, and those that are committed while it waits
//!   may go out before it. Who gets it looks at the aggregate as it is then.
//! - Nothing in the table expires. A time as far away as the year 9999 is kept.
//! - It costs about six write units more than a message that is sent at once: to store it, to move it, and
//!   twice the index.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use unit_of_work::{
    CommitError, Condition, Database as _, Delete, DynamoDb, Item, Put, ReadError, Table, UnitOfWork,
    from_item,
};
use uuid::Uuid;

use crate::{
    ambient::Ambient,
    due::{DueIndex, shard_of},
    error::PublishError,
    message::{Context, Message, Place, Subject},
    outbox::{Outbox, OutboxRow, outbox_table},
    timestamp,
};

/// The index on the times of scheduled messages.
pub const SCHEDULED_INDEX: DueIndex = DueIndex { name: "DueIndex", shard: "Shard", time: "NotBefore" };

/// The kind of subject that a scheduled message has of its own.
const SCHEDULED: &str = "scheduled";

/// The table of scheduled messages of one service, as the writing side sees it.
#[derive(Clone, Debug)]
pub struct Schedule {
    table: Table,
    outbox: Outbox,
}

/// A message that waits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scheduled {
    #[serde(rename = "PK")]
    pk: String,
    shard: String,
    #[serde(with = "timestamp")]
    not_before: OffsetDateTime,
    /// What will lie in the outbox, as it will lie there.
    row: OutboxRow,
}

impl Schedule {
    /// Scheduled messages in the table of this name, which is made by
    /// [`ensure_scheduled_table`](crate::provision::ensure_scheduled_table); they are as the outbox would
    /// make them.
    pub fn new(table_name: impl Into<String>, outbox: Outbox) -> Self {
        Self { table: scheduled_table(table_name), outbox }
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Adds a message to the unit of work that is published at `not_before` or soon after: if the unit of
    /// work commits, and unless the message is cancelled. A time that has passed means at once.
    ///
    /// `already_scheduled` is returned by the commit when a message with this id waits.
    ///
    /// # Errors
    ///
    /// [`PublishError`] when the message cannot be stored or could never be sent.
    pub fn publish_at<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        (about, not_before): (&Subject, OffsetDateTime),
        context: &Context,
        message: &M,
        already_scheduled: E,
    ) -> Result<(), PublishError> {
        let (pk, place) = (key(message.id()), Place::only(about.about(SCHEDULED, message.id())));
        let row = self.outbox.row(&place, context, message)?;
        let scheduled = Scheduled { shard: shard_of(&pk), pk, not_before, row };
        let put = Put::new(&self.table, &scheduled)?.when(Condition::not_exists("PK")).taken_by_others();
        work.add(put.or(already_scheduled));
        Ok(())
    }

    /// Adds to the unit of work that the scheduled message with this id is not published.
    ///
    /// `too_late` is returned by the commit when the message does not wait any more: it was moved to be
    /// published, or cancelled before.
    pub fn cancel<E>(&self, work: &mut UnitOfWork<E>, message_id: Uuid, too_late: E) {
        let cancel = Delete::new(&self.table, self.table.key(key(message_id), None));
        work.add(cancel.when(Condition::exists("PK")).or(too_late));
    }
}

/// Moves scheduled messages whose time has come into the outbox. Any number of them may be at work.
#[derive(Clone, Debug)]
pub struct Mover {
    database: DynamoDb,
    scheduled: Table,
    outbox: Table,
    ambient: Ambient,
}

/// Why scheduled messages were not moved. They wait for the next round.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The table of scheduled messages could not be read.
    #[error("the scheduled messages could not be read")]
    Read(#[from] ReadError),
    /// A message could not be moved.
    #[error("a scheduled message could not be moved into the outbox")]
    Commit(#[source] CommitError<NotThere>),
}

/// The message does not wait any more: another mover was faster, or it was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scheduled message was moved or cancelled")]
pub struct NotThere;

impl MoveError {
    /// Whether another round can help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Read(error) => error.retryable,
            Self::Commit(error) => error.is_retryable(),
        }
    }
}

impl Mover {
    /// A mover from the one table to the other.
    pub fn new(
        database: DynamoDb,
        scheduled_table_name: impl Into<String>,
        outbox_table_name: impl Into<String>,
        ambient: Ambient,
    ) -> Self {
        let (scheduled, outbox) = (scheduled_table(scheduled_table_name), outbox_table(outbox_table_name));
        Self { database, scheduled, outbox, ambient }
    }

    /// Moves every message whose time has come, page by page, and returns how many it looked at. An item that
    /// is no message is told of as `scheduled_message_damaged` and passed over.
    ///
    /// Within a [deadline](waiting::Deadline) it ends in time; what was not moved by then is left to the next
    /// round.
    ///
    /// # Errors
    ///
    /// [`MoveError`]. What was moved before is moved.
    pub async fn move_due(&self) -> Result<u64, MoveError> {
        let (now, oldest) = (self.ambient.now(), Mutex::new(None));
        let move_one = |key: Item| {
            note_oldest(&oldest, &key);
            self.move_one(key, now)
        };
        let moved = SCHEDULED_INDEX.each_due(&self.database, &self.scheduled, now, move_one).await;
        let oldest = oldest.into_inner().unwrap_or_else(PoisonError::into_inner);
        let overdue = oldest.map_or(0.0, |due: OffsetDateTime| (now - due).as_seconds_f64());
        metrics::gauge!("outbox.scheduled.overdue", "table" => self.scheduled.name().to_owned()).set(overdue);
        moved
    }

    /// Tells by a metric how many messages wait. It [costs reads](DueIndex::count), so it is not for each
    /// look at what is due, if that is often.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; the metric stays as it was.
    pub async fn tell_waiting(&self) -> Result<u64, ReadError> {
        let waiting = SCHEDULED_INDEX.count(&self.database, &self.scheduled).await?;
        metrics::gauge!("outbox.scheduled.messages", "table" => self.scheduled.name().to_owned())
            .set(waiting as f64);
        Ok(waiting)
    }

    async fn move_one(&self, found: Item, now: OffsetDateTime) -> Result<(), MoveError> {
        let key: Item =
            found.into_iter().filter(|(name, _)| name == self.scheduled.partition_key()).collect();
        // The index is behind its table: the message may have gone, or wait for another time by now.
        let Some(item) = self.database.get(&self.scheduled, key.clone()).await? else { return Ok(()) };
        let made = from_item::<Scheduled>(item).and_then(|scheduled| {
            let (not_before, message_id) = (scheduled.not_before, scheduled.row.message_id);
            Ok((not_before, message_id, Put::new(&self.outbox, &scheduled.row)?))
        });
        let (not_before, message_id, put) = match made {
            Ok(made) => made,
            Err(error) => {
                tracing::error!(?key, error = &error as &dyn std::error::Error, "scheduled_message_damaged");
                return Ok(());
            }
        };
        if not_before > now {
            return Ok(());
        }
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(Delete::new(&self.scheduled, key).when(Condition::exists("PK")).or(NotThere));
        // Without a condition: the row's subject is the message's own, so whatever is there is the same row.
        work.add(put);
        match work.commit(&self.database).await {
            Ok(()) => {
                let late_s = (now - not_before).whole_seconds();
                tracing::debug!(%message_id, late_s, "scheduled_message_moved");
                Ok(())
            }
            Err(CommitError::Rejected(NotThere)) => Ok(()),
            Err(error) => Err(MoveError::Commit(error)),
        }
    }
}

/// The index names the time, so no item is read for it.
fn note_oldest(oldest: &Mutex<Option<OffsetDateTime>>, key: &Item) {
    let time = key.get(SCHEDULED_INDEX.time).and_then(|time| timestamp::parse(time.as_s().ok()?).ok());
    let mut oldest = oldest.lock().unwrap_or_else(PoisonError::into_inner);
    *oldest = oldest.into_iter().chain(time).min();
}

fn scheduled_table(name: impl Into<String>) -> Table {
    Table::new(name, "PK")
}

fn key(message_id: Uuid) -> String {
    format!("MESSAGE#{message_id}")
}
