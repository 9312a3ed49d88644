//! The outbox: messages that are stored together with the change they tell of, and dispatched afterwards by a relay.
//!
//! One row per message that was not sent yet, and nothing else: the relay deletes what it has sent. The partition key is the message's
//! subject, the sort key its sequence, and the row names its predecessor, so that a relay knows what must be sent before it.

mod row;

pub(crate) use row::is_subject;
pub use row::{OutboxRow, RowKey, partition_of};

use unit_of_work::{Condition, Put, Table, UnitOfWork};

use crate::{
    envelope::{DEFAULT_MAX_ENVELOPE_BYTES, Envelope},
    error::PublishError,
    message::{Context, Message, Place},
};

/// The outbox table of one service, as the writing side sees it.
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
    source: String,
    max_envelope_bytes: usize,
}

/// The row of this message exists already: it was stored by an earlier commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this message is in the outbox already")]
pub struct AlreadyPublished;

impl Outbox {
    /// The outbox in the table of this name. `source` names the service in the envelope, such as `/orders`.
    pub fn new(table_name: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            table: outbox_table(table_name),
            source: source.into(),
            max_envelope_bytes: DEFAULT_MAX_ENVELOPE_BYTES,
        }
    }

    /// Sets the largest envelope that is accepted, in bytes; what SNS takes with its attributes
    /// ([`MAX_BROKER_BYTES`](crate::envelope::MAX_BROKER_BYTES)) is the limit in any case.
    #[must_use]
    pub fn with_max_envelope_bytes(mut self, bytes: usize) -> Self {
        self.max_envelope_bytes = bytes;
        self
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    // ANCHOR: publish
    /// Adds the message to the unit of work: it will be published if, and only if, the unit of work commits.
    ///
    /// `already_published` is returned by the commit when a message with this subject and sequence waits to be sent. One that was sent is
    /// not there any more: what makes a place be given once is the condition on the aggregate's version in the same unit of work.
    ///
    /// # Errors
    ///
    /// [`PublishError`] when the message cannot be stored or could never be sent.
    pub fn publish<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        place: &Place,
        context: &Context,
        message: &M,
        already_published: E,
    ) -> Result<(), PublishError> {
        let row = self.row(place, context, message)?;
        let put = Put::new(&self.table, &row)?.when(Condition::not_exists("PK")).taken_by_others();
        work.add(put.or(already_published));
        let (message_id, subject) = (row.message_id, place.subject.as_str());
        tracing::debug!(%message_id, kind = M::TYPE, subject, "message_stored");
        Ok(())
    }

    /// The row that this message is stored as.
    pub(crate) fn row<M: Message>(
        &self,
        place: &Place,
        context: &Context,
        message: &M,
    ) -> Result<OutboxRow, PublishError> {
        if place.predecessor.is_some_and(|predecessor| predecessor >= place.sequence) {
            return Err(PublishError::Misplaced);
        }
        let envelope = Envelope::new(&self.source, &place.subject, place.sequence, context, message)?;
        OutboxRow::new::<M>(&envelope, place.predecessor, self.max_envelope_bytes)
    }
    // ANCHOR_END: publish
}

/// The outbox table with its key attributes.
pub(crate) fn outbox_table(name: impl Into<String>) -> Table {
    Table::new(name, "PK").with_sort_key("SK")
}
