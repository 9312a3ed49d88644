//! Orders as items of one table, and the index of those that are pending.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::{
    due::{DueIndex, shard_of},
    timestamp,
};
use unit_of_work::{Condition, Database, Item, ItemError, LoadError, Put, Table, from_item};
use uuid::Uuid;

use crate::domain::{Order, Refusal, State, Total};

/// Nobody had decided in time: the reason as it is stored, sent and shown.
pub const TIMEOUT: &str = "TIMEOUT";

/// The orders on which nobody has decided yet, in the sequence in which their times end. An order leaves it with the decision.
pub const PENDING_INDEX: DueIndex =
    DueIndex { name: "PendingIndex", shard: "PendingShard", time: "DecideBy" };

/// Instead of an order that was erased lies an item with its key and this attribute, the time. Without it the order could be placed again,
/// and would have a second first message.
pub const ERASED_AT: &str = "ErasedAt";

/// The orders table.
#[derive(Clone, Debug)]
pub struct OrderStore<D> {
    database: D,
    table: Table,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrderRow {
    #[serde(rename = "PK")]
    pk: String,
    order_id: Uuid,
    customer_id: Uuid,
    state: String,
    /// Why it was rejected, unless the customers service refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why the customers service refused. Apart from `Reason`, in which an older version of this service
    /// knows nothing but the time-out: it can still read this order while both run side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    total_amount: u64,
    version: u64,
    #[serde(with = "timestamp")]
    created_at: OffsetDateTime,
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    updated_at: Option<OffsetDateTime>,
    /// Partition key of the pending index; only a pending order has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending_shard: Option<String>,
    /// Sort key of the pending index.
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    decide_by: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<Uuid>,
}

impl<D: Database> OrderStore<D> {
    /// The store in the table of this name.
    pub fn new(database: D, table_name: impl Into<String>) -> Self {
        Self { database, table: Table::new(table_name, "PK") }
    }

    /// The database, to commit to.
    pub fn database(&self) -> &D {
        &self.database
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// An order, read consistently. One that was erased is none: in its place lies an item with [`ERASED_AT`] and nothing else.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn order(&self, id: Uuid) -> Result<Option<Order>, LoadError> {
        let item = self.database.get(&self.table, self.table.key(key(id), None)).await?;
        let item = item.filter(|item| !item.contains_key(ERASED_AT));
        item.map(|item| from_item::<OrderRow>(item)?.into_order()).transpose()
    }

    /// Writes an order that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn insert(&self, order: &Order) -> Result<Put, ItemError> {
        Ok(Put::new(&self.table, &OrderRow::of(order))?.when(Condition::not_exists("PK")))
    }

    /// Writes a changed order over the version before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn update(&self, changed: &Order) -> Result<Put, ItemError> {
        let before = Condition::number_is("Version", changed.version.saturating_sub(1));
        Ok(Put::new(&self.table, &OrderRow::of(changed))?.when(before))
    }
}

impl OrderRow {
    fn of(order: &Order) -> Self {
        Self {
            pk: key(order.id),
            order_id: order.id,
            customer_id: order.customer_id,
            state: state_name(order.state).to_owned(),
            reason: rejection_reason(order.state).map(str::to_owned),
            refusal: order.refusal.map(|refusal| refusal_name(refusal).to_owned()),
            total_amount: order.total.minor_units(),
            version: order.version,
            created_at: order.created_at,
            updated_at: order.updated_at,
            pending_shard: order.decide_by.map(|_| shard_of(&key(order.id))),
            decide_by: order.decide_by,
            correlation_id: order.correlation_id,
        }
    }

    fn into_order(self) -> Result<Order, LoadError> {
        let stored = (self.state.as_str(), self.reason.as_deref());
        let state =
            State::ALL.into_iter().find(|state| (state_name(*state), rejection_reason(*state)) == stored);
        let state =
            state.ok_or_else(|| LoadError::rule_broken(format!("{stored:?} is no state of an order")))?;
        let refusal = self.refusal.map(|name| {
            let known = Refusal::ALL.into_iter().find(|refusal| refusal_name(*refusal) == name);
            known.ok_or_else(|| LoadError::rule_broken(format!("{name} is no reason to refuse an order")))
        });
        Ok(Order {
            id: self.order_id,
            customer_id: self.customer_id,
            state,
            refusal: refusal.transpose()?,
            total: Total::new(self.total_amount).map_err(LoadError::rule_broken)?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            decide_by: self.decide_by,
            correlation_id: self.correlation_id,
        })
    }
}

/// A state as it is stored, sent and shown.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Pending => "PENDING",
        State::Approved => "APPROVED",
        State::Rejected | State::TimedOut => "REJECTED",
        State::Cancelled => "CANCELLED",
    }
}

/// Why an order was rejected without an answer of the customers service: because nobody had decided in time.
pub fn rejection_reason(state: State) -> Option<&'static str> {
    (state == State::TimedOut).then_some(TIMEOUT)
}

/// A refusal as it is stored and shown.
pub fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::OverLimit => "CREDIT_LIMIT_EXCEEDED",
        Refusal::UnknownCustomer => "CUSTOMER_NOT_FOUND",
    }
}

fn key(id: Uuid) -> String {
    format!("ORDER#{id}")
}

/// The id in the key of an order.
pub fn id_in(key: &Item) -> Option<Uuid> {
    key.get("PK")?.as_s().ok()?.strip_prefix("ORDER#")?.parse().ok()
}
