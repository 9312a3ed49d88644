//! The outbox: messages that are stored together with the change they tell of, and dispatched afterwards by a relay.
//!
//! One row per message. The partition key is the message's subject, the sort key its sequence, so that the rows of one aggregate
//! lie together in the order of their commits. Beside them lies the subject's *head*, which holds the watermark: everything up to
//! it was dispatched.

mod row;

pub(crate) use row::{HEAD, is_scheduled, pending_shard_key};
pub use row::{Head, OutboxRow, PENDING_INDEX, PENDING_SHARDS, partition_of};

use time::OffsetDateTime;
use unit_of_work::{Condition, Put, Table, UnitOfWork};

use crate::{
    envelope::{DEFAULT_MAX_ENVELOPE_BYTES, Envelope},
    error::PublishError,
    message::{Context, Message, Sequence, Subject},
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
    /// `already_published` is returned by the commit when the subject has a message with this sequence.
    ///
    /// # Errors
    ///
    /// [`PublishError`] when the message cannot be stored or could never be sent.
    pub fn publish<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        (subject, sequence): (&Subject, Sequence),
        context: &Context,
        message: &M,
        already_published: E,
    ) -> Result<(), PublishError> {
        let envelope = Envelope::new(&self.source, subject, sequence, context, message)?;
        self.store::<M, E>(work, &envelope, None, already_published)
    }

    /// Adds a message that is published when its time comes: by the first sweep at or after `not_before`, so up to one interval of the
    /// sweeper later, and never earlier. Once its time has come, the stream's wake-up may bring it too.
    ///
    /// A scheduled message has a subject of its own (`about`, `scheduled`, and its id), as a decision has. It therefore has no place
    /// among the messages of the aggregate: it holds none of them up, and those that are committed while it waits may go out before it.
    /// It cannot be taken back. Whoever gets it looks at the aggregate and decides whether it still means something; a time-out of an
    /// order that was approved meanwhile does not.
    ///
    /// `already_published` is returned by the commit when a message with this id was scheduled before.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub fn publish_at<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        (about, not_before): (&Subject, OffsetDateTime),
        context: &Context,
        message: &M,
        already_published: E,
    ) -> Result<(), PublishError> {
        let subject = about.about(row::SCHEDULED, message.id());
        let envelope = Envelope::new(&self.source, &subject, Sequence::single(), context, message)?;
        self.store::<M, E>(work, &envelope, Some(not_before), already_published)
    }

    fn store<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        envelope: &Envelope,
        not_before: Option<OffsetDateTime>,
        already_published: E,
    ) -> Result<(), PublishError> {
        let row = OutboxRow::new::<M>(envelope, not_before, self.max_envelope_bytes)?;
        work.add(Put::new(&self.table, &row)?.when(Condition::not_exists("PK")).or(already_published));
        tracing::debug!(message_id = %envelope.id, kind = M::TYPE, subject = envelope.subject, "message_stored");
        Ok(())
    }
    // ANCHOR_END: publish
}

/// Whether a row with this sort key is a subject's head: the relay's own bookkeeping, which is no news to the relay.
pub fn is_head(sort_key: &str) -> bool {
    sort_key == HEAD
}

/// The outbox table with its key attributes.
pub(crate) fn outbox_table(name: impl Into<String>) -> Table {
    Table::new(name, "PK").with_sort_key("SK")
}
