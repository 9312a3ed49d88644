//! What the items of the orders table say, and how orders become items and come back.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::{due::shard_of, timestamp};
use unit_of_work::{Item, LoadError, from_item};
use uuid::Uuid;

use crate::domain::{Order, Refusal, State, Total};

/// Nobody had decided in time: the reason as it is stored, sent and shown.
pub const TIMEOUT: &str = "TIMEOUT";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OrderRow {
    #[serde(rename = "PK")]
    pub(super) pk: String,
    pub(super) order_id: Uuid,
    pub(super) customer_id: Uuid,
    pub(super) state: String,
    /// Why it was rejected, unless the customers service refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Why the customers service refused. Apart from `Reason`, in which an older version of this service
    /// knows nothing but the time-out: it can still read this order while both run side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<String>,
    pub(super) total_amount: u64,
    pub(super) version: u64,
    #[serde(with = "timestamp")]
    pub(super) created_at: OffsetDateTime,
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    pub(super) updated_at: Option<OffsetDateTime>,
    /// Partition key of the pending index; only a pending order has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending_shard: Option<String>,
    /// Sort key of the pending index.
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    pub(super) decide_by: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) correlation_id: Option<Uuid>,
}

/// An item of the table, for whoever goes through all of it.
#[derive(Debug)]
pub enum Kept {
    /// An order.
    Order(Order),
    /// Something that cannot be read as one: its key, and why.
    Damaged(String, LoadError),
}

impl Kept {
    pub(super) fn of(item: Item) -> Self {
        let key = item.get("PK").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
        let order = from_item::<OrderRow>(item).map_err(LoadError::from).and_then(OrderRow::into_order);
        order.map_or_else(|error| Self::Damaged(key, error), Self::Order)
    }
}

impl OrderRow {
    pub(super) fn of(order: &Order) -> Self {
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

    pub(super) fn into_order(self) -> Result<Order, LoadError> {
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

pub(super) fn key(id: Uuid) -> String {
    format!("ORDER#{id}")
}

/// The id in the key of an order.
pub fn id_in(key: &Item) -> Option<Uuid> {
    key.get("PK")?.as_s().ok()?.strip_prefix("ORDER#")?.parse().ok()
}
