//! The last message that a consumer handled of each subject, for handlers to which the order matters.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use unit_of_work::{Condition, Database, Put, Table, from_item};

use super::{Delivery, HandlerError};
use crate::{
    inbox::{Inbox, Retention},
    message::Sequence,
};

/// Which message may follow which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Any later one. What is older than the last one handled is stale.
    ///
    /// For messages that say how something *is*, such as a view that shows an order's state: the latest one
    /// counts, and a late one must not undo it. Needs nothing of the sender.
    AnyLater,
    /// The one of the next version only. What is later has to wait for those before it.
    ///
    /// For messages that say what *changed*, when all of them must be applied in turn. It needs a sender that
    /// publishes exactly one message to this topic for each version of the subject, beginning with version 0,
    /// and a consumer that was subscribed from the beginning: a version without a message could not be told
    /// from one whose message is late.
    NextVersion,
}

/// Keeps a consumer from handling the messages of a subject in another order than they were published in.
///
/// Standard queues deliver in any order, and a FIFO queue goes on when a message has moved to its dead-letter
/// queue. Most handlers need no guard: a state machine that has an answer for each message in each state is
/// simpler, and cheaper by one item in each commit.
///
/// ```
/// # use transactional_messaging::{consumer::{Arrival, Follows, SequenceGuard}, prelude::*};
/// # use unit_of_work::MemoryDatabase;
/// # consumed! { /** An order changed. */ OrderChanged on "order--changed" {} }
/// # async fn show(
/// #     (database, inbox, ambient): (&MemoryDatabase, Inbox, &Ambient),
/// #     consumer: IdempotentConsumer<MemoryDatabase>,
/// #     delivery: Delivery<OrderChanged>,
/// # ) -> Result<Handled, HandlerError> {
/// let (guard, delivery) = (&SequenceGuard::new(&inbox, Follows::AnyLater), &delivery);
/// consumer.once(delivery, |mut work| async move {
///     if let Arrival::InTurn(advance) = guard.check(database, delivery, ambient.now()).await? {
///         work.add(*advance);
///         // and what shows the order as this message says that it is
///     }
///     Ok(work)
/// })
/// # .await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SequenceGuard {
    table: Table,
    follows: Follows,
    retention: Retention,
}

/// What a guard says to a message.
#[derive(Debug)]
pub enum Arrival {
    /// It may be handled. Add this action to its unit of work: it remembers the message as the last one of
    /// its subject, if nobody else was faster.
    InTurn(Box<Put>),
    /// A later message of the subject was handled already: leave this one without effect. Committing the unit
    /// of work as it is remembers it as handled.
    Stale,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    #[serde(rename = "PK")]
    pk: String,
    last_sequence: String,
    /// A place that is forgotten makes a late message look like a first one, so it stays as long as one can
    /// come; with [`Follows::NextVersion`] it stays for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl SequenceGuard {
    /// A guard over the order of each subject's messages, for each queue by itself. Its rows lie in the inbox
    /// table.
    pub fn new(inbox: &Inbox, follows: Follows) -> Self {
        Self { table: inbox.table().clone(), follows, retention: inbox.retention() }
    }

    /// Says whether it is this message's turn. Call it inside the decision of
    /// [`IdempotentConsumer::once`](super::IdempotentConsumer::once).
    ///
    /// # Errors
    ///
    /// A retryable error when a message before this one has not come yet, or the place could not be read; a
    /// terminal one when the message's sequence is none of this library's.
    pub async fn check<M>(
        &self,
        database: &impl Database,
        delivery: &Delivery<M>,
        now: OffsetDateTime,
    ) -> Result<Arrival, HandlerError> {
        let Delivery { envelope, consumer, .. } = delivery;
        if envelope.subject.is_empty() {
            return Err(HandlerError::terminal(
                "the message has no subject, and this consumer keeps the order of each",
            ));
        }
        let ours: Sequence = envelope
            .sequence
            .parse()
            .map_err(|_| HandlerError::terminal("the message has no sequence that is a number"))?;
        let pk = format!("SEQUENCE#{consumer}#{}", envelope.subject);
        let stored = database.get(&self.table, self.table.key(&pk, None)).await?;
        let last: Option<Row> = stored.map(from_item).transpose()?;
        let unchanged = match &last {
            None => Condition::not_exists("PK"),
            Some(row) => Condition::equals("LastSequence", s(&row.last_sequence)),
        };
        let last = last.map(|row| row.last_sequence.parse()).transpose();
        let last: Option<Sequence> =
            last.map_err(|_| HandlerError::terminal("the stored sequence is no number"))?;
        if last.is_some_and(|last| ours <= last) {
            return Ok(Arrival::Stale);
        }
        let next = last.map_or(0, |last| last.version() + 1);
        if self.follows == Follows::NextVersion && ours.version() != next {
            return Err(HandlerError::retryable(format!(
                "version {} of the subject came before version {next}",
                ours.version()
            )));
        }
        let keep =
            (self.follows == Follows::AnyLater).then(|| (now + self.retention.duration()).unix_timestamp());
        let row = Row { pk, last_sequence: ours.to_string(), expires_at: keep };
        Ok(Arrival::InTurn(Box::new(Put::new(&self.table, &row)?.when(unchanged))))
    }
}

fn s(text: &str) -> unit_of_work::AttributeValue {
    unit_of_work::AttributeValue::S(text.to_owned())
}
