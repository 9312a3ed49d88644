//! The outbox: messages that are stored together with the change they tell of, and dispatched afterwards by a
//! relay.
//!
//! One row per message that was not sent yet, and nothing else: the relay deletes what it has sent. The
//! partition key is the message's subject, the sort key its sequence, and the row names its predecessor, so
//! that a relay knows what must be sent before it.

mod row;

pub(crate) use row::subject_of;
pub use row::{OutboxRow, RowKey, partition_of};

use std::borrow::Cow;

use unit_of_work::{Table, UnitOfWork};

use crate::{
    envelope::{DEFAULT_MAX_ENVELOPE_BYTES, Envelope},
    error::PublishError,
    message::{Context, Message, Place},
    spans,
};

/// The outbox table of one service, as the writing side sees it.
///
/// ```
/// use serde::Serialize;
/// use time::OffsetDateTime;
/// use transactional_messaging::prelude::*;
/// use unit_of_work::Table;
///
/// #[derive(Clone, Debug, Serialize)]
/// pub struct EventMeta {
///     pub event_id: Uuid,
///     #[serde(with = "transactional_messaging::timestamp")]
///     pub created_at: OffsetDateTime,
/// }
/// published! { /** A cart was paid for. */ CartPaid on "cart--paid" with EventMeta { cents: u64 } }
///
/// #[derive(Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Cart {
///     #[serde(rename = "PK")]
///     id: Uuid,
///     version: u64,
/// }
/// impl Aggregate for Cart {
///     const KIND: &'static str = "cart";
///     fn id(&self) -> Uuid { self.id }
///     fn version(&self) -> u64 { self.version }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = unit_of_work::MemoryDatabase::new();
/// # let ambient = Ambient::fixed(OffsetDateTime::UNIX_EPOCH);
/// # let context = Context::of_request(ambient.id());
/// let (carts, outbox) = (Table::new("carts", "PK"), Outbox::new("carts-outbox", "/carts"));
/// let cart = Cart { id: ambient.id(), version: 0 };
/// let meta = EventMeta { event_id: ambient.id(), created_at: ambient.now() };
/// let mut work: UnitOfWork<&str> = UnitOfWork::new(ambient.id());
/// work.add(carts.insert(&cart)?.or("the cart exists"));
/// outbox.publish(&mut work, &cart, &context, &CartPaid { head: meta, cents: 999 })?;
/// work.commit(&database).await?;
/// # assert_eq!(database.items(outbox.table()).len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Outbox {
    table: Table,
    source: String,
    max_envelope_bytes: usize,
}

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
    /// Its place is that of an [aggregate](crate::aggregate::Aggregate), as `&order` in the version that the
    /// same unit of work writes, or a [`Place`]. The condition on that version is what gives a place once:
    /// the row here cannot, because it is gone when it was sent. While it is still there, the commit fails
    /// with [`CommitError::ConditionFailed`](unit_of_work::CommitError::ConditionFailed).
    ///
    /// # Errors
    ///
    /// [`PublishError`] when the message cannot be stored or could never be sent.
    pub fn publish<M: Message, E>(
        &self,
        work: &mut UnitOfWork<E>,
        place: impl Into<Place>,
        context: &Context,
        message: &M,
    ) -> Result<(), PublishError> {
        let place = place.into();
        let row = self.row(&place, context, message)?;
        work.add(self.table.insert(&row)?.taken_by_others());
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
        let span = spans::create(M::TOPIC.name(), message.id(), context.correlation_id);
        let traced = |own| Cow::Owned(Context { trace: Some(own), ..context.clone() });
        let context = trace_context::context(&span).map_or(Cow::Borrowed(context), traced);
        let envelope = Envelope::new(&self.source, &place.subject, place.sequence, &context, message)?;
        OutboxRow::new::<M>(&envelope, place.predecessor, self.max_envelope_bytes)
    }
    // ANCHOR_END: publish
}

/// The outbox table with its key attributes.
pub(crate) fn outbox_table(name: impl Into<String>) -> Table {
    Table::new(name, "PK").with_sort_key("SK")
}
