//! What the items of the customers table say, and how customers and decisions become items and come back.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::timestamp;
use unit_of_work::{Item, LoadError, from_item};
use uuid::Uuid;

use crate::domain::{Customer, Decision, Email, Money, Name};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CustomerRow {
    #[serde(rename = "PK")]
    pub(super) pk: String,
    pub(super) customer_id: Uuid,
    pub(super) name: String,
    /// A version of this service that knows no addresses loses it when it changes the customer: deploy this
    /// one everywhere before clients give addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    pub(super) credit_limit: u64,
    pub(super) credit_reserved: u64,
    pub(super) version: u64,
    /// The predecessor of the customer's next message is the one of this version.
    pub(super) announced_version: u64,
    #[serde(with = "timestamp")]
    pub(super) created_at: OffsetDateTime,
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    pub(super) updated_at: Option<OffsetDateTime>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DecisionRow {
    #[serde(rename = "PK")]
    pub(super) pk: String,
    pub(super) customer_id: Uuid,
    pub(super) order_id: Uuid,
    pub(super) decision: String,
    pub(super) amount: u64,
    #[serde(with = "timestamp")]
    pub(super) decided_at: OffsetDateTime,
}

const RESERVED: &str = "RESERVED";
const REFUSED: &str = "REFUSED";
const RELEASED: &str = "RELEASED";

/// An item of the table, for whoever goes through all of it.
#[derive(Debug)]
pub enum Kept {
    /// A customer.
    Customer(Customer),
    /// What was decided about an order, and when.
    Decision {
        /// The customer and the order.
        ids: (Uuid, Uuid),
        /// The decision.
        decision: Decision,
        /// When it was made.
        decided_at: OffsetDateTime,
    },
    /// Something that cannot be read as either: its key, and why.
    Damaged(String, LoadError),
}

impl Kept {
    pub(super) fn of(item: Item) -> Self {
        let key = item.get("PK").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
        let read = if item.contains_key("OrderId") {
            from_item::<DecisionRow>(item).map_err(LoadError::from).and_then(|row| {
                let (ids, decided_at) = ((row.customer_id, row.order_id), row.decided_at);
                Ok(Self::Decision { ids, decision: row.decision()?, decided_at })
            })
        } else {
            let customer = from_item::<CustomerRow>(item).map_err(LoadError::from);
            customer.and_then(CustomerRow::into_customer).map(Self::Customer)
        };
        read.unwrap_or_else(|error| Self::Damaged(key, error))
    }
}

impl DecisionRow {
    pub(super) fn decision(&self) -> Result<Decision, LoadError> {
        match self.decision.as_str() {
            RESERVED => Ok(Decision::Reserved(Money::new(self.amount).map_err(LoadError::rule_broken)?)),
            REFUSED => Ok(Decision::Refused),
            RELEASED => Ok(Decision::Released),
            other => Err(LoadError::rule_broken(format!("{other} is no decision"))),
        }
    }
}

impl CustomerRow {
    pub(super) fn of(customer: &Customer) -> Self {
        Self {
            pk: customer_key(customer.id),
            customer_id: customer.id,
            name: customer.name.as_str().to_owned(),
            email: customer.email.as_ref().map(|email| email.as_str().to_owned()),
            credit_limit: customer.credit_limit.minor_units(),
            credit_reserved: customer.reserved.minor_units(),
            version: customer.version,
            announced_version: customer.announced_version,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }

    pub(super) fn into_customer(self) -> Result<Customer, LoadError> {
        Ok(Customer {
            id: self.customer_id,
            name: Name::stored(self.name),
            email: self.email.map(Email::stored),
            credit_limit: Money::new(self.credit_limit).map_err(LoadError::rule_broken)?,
            reserved: Money::new(self.credit_reserved).map_err(LoadError::rule_broken)?,
            version: self.version,
            announced_version: self.announced_version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

pub(super) fn words(decision: Decision) -> (&'static str, u64) {
    match decision {
        Decision::Reserved(amount) => (RESERVED, amount.minor_units()),
        Decision::Refused => (REFUSED, 0),
        Decision::Released => (RELEASED, 0),
    }
}

pub(super) fn customer_key(id: Uuid) -> String {
    format!("CUSTOMER#{id}")
}

pub(super) fn decision_key(customer_id: Uuid, order_id: Uuid) -> String {
    format!("CUSTOMER#{customer_id}#ORDER#{order_id}")
}

pub(super) fn decision_ids(key: &str) -> Option<(Uuid, Uuid)> {
    let (customer, order) = key.strip_prefix("CUSTOMER#")?.split_once("#ORDER#")?;
    Some((customer.parse().ok()?, order.parse().ok()?))
}
