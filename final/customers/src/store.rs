//! Customers and decisions as items of one table.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;
use transactional_messaging::timestamp;
use unit_of_work::{
    AttributeValue, Check, Condition, Database, Item, ItemError, LoadError, Put, Table, from_item,
};
use uuid::Uuid;

use crate::domain::{Customer, Decision, Money, Name};

/// The customers table.
#[derive(Clone, Debug)]
pub struct CustomerStore<D> {
    database: D,
    table: Table,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    #[serde(rename = "PK")]
    pk: String,
    customer_id: Uuid,
    name: String,
    credit_limit: u64,
    credit_reserved: u64,
    version: u64,
    /// The predecessor of the customer's next message is the one of this version.
    announced_version: u64,
    #[serde(with = "timestamp")]
    created_at: OffsetDateTime,
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    updated_at: Option<OffsetDateTime>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DecisionRow {
    #[serde(rename = "PK")]
    pk: String,
    customer_id: Uuid,
    order_id: Uuid,
    decision: String,
    amount: u64,
    #[serde(with = "timestamp")]
    decided_at: OffsetDateTime,
}

/// Instead of a customer that was erased lies an item with its key and this attribute, the time. Without it the customer could be made
/// again, and would have a second first message.
pub const ERASED_AT: &str = "ErasedAt";

const RESERVED: &str = "RESERVED";
const REFUSED: &str = "REFUSED";
const RELEASED: &str = "RELEASED";

impl<D: Database> CustomerStore<D> {
    /// The store in the table of this name.
    pub fn new(database: D, table_name: impl Into<String>) -> Self {
        Self { database, table: Table::new(table_name, "PK") }
    }

    /// The database, to commit to.
    pub fn database(&self) -> &D {
        &self.database
    }

    /// A customer, read consistently. One that was erased is none: in its place lies an item with [`ERASED_AT`] and nothing else.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn customer(&self, id: Uuid) -> Result<Option<Customer>, LoadError> {
        self.read::<CustomerRow>(customer_key(id)).await?.map(CustomerRow::into_customer).transpose()
    }

    /// What was decided about an order, read consistently.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn decision(&self, customer_id: Uuid, order_id: Uuid) -> Result<Option<Decision>, LoadError> {
        let row = self.read::<DecisionRow>(decision_key(customer_id, order_id)).await?;
        row.map(|row| match row.decision.as_str() {
            RESERVED => Ok(Decision::Reserved(Money::new(row.amount).map_err(LoadError::rule_broken)?)),
            REFUSED => Ok(Decision::Refused),
            RELEASED => Ok(Decision::Released),
            other => Err(LoadError::rule_broken(format!("{other} is no decision"))),
        })
        .transpose()
    }

    /// Writes a customer that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn insert(&self, customer: &Customer) -> Result<Put, ItemError> {
        Ok(Put::new(&self.table, &CustomerRow::of(customer))?.when(Condition::not_exists("PK")))
    }

    /// Writes a changed customer over the version before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn update(&self, changed: &Customer) -> Result<Put, ItemError> {
        let before = Condition::number_is("Version", changed.version.saturating_sub(1));
        Ok(Put::new(&self.table, &CustomerRow::of(changed))?.when(before))
    }

    /// A decision rests on this version of the customer.
    pub fn unchanged(&self, customer: &Customer) -> Check {
        let key = self.table.key(customer_key(customer.id), None);
        Check::new(&self.table, key, Condition::number_is("Version", customer.version))
    }

    /// A decision rests on the absence of the customer, which may have been erased.
    pub fn absent(&self, customer_id: Uuid) -> Check {
        Check::new(
            &self.table,
            self.table.key(customer_key(customer_id), None),
            Condition::not_exists("Version"),
        )
    }

    /// Writes a decision about an order over the one before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn decide(
        &self,
        (customer_id, order_id): (Uuid, Uuid),
        before: Option<Decision>,
        decision: Decision,
        now: OffsetDateTime,
    ) -> Result<Put, ItemError> {
        let (text, amount) = words(decision);
        let row = DecisionRow {
            pk: decision_key(customer_id, order_id),
            customer_id,
            order_id,
            decision: text.to_owned(),
            amount,
            decided_at: now,
        };
        let condition = match before {
            None => Condition::not_exists("PK"),
            Some(before) => Condition::equals("Decision", AttributeValue::S(words(before).0.to_owned())),
        };
        Ok(Put::new(&self.table, &row)?.when(condition))
    }

    async fn read<T: DeserializeOwned>(&self, partition: String) -> Result<Option<T>, LoadError> {
        let item: Option<Item> = self.database.get(&self.table, self.table.key(partition, None)).await?;
        Ok(item.filter(|item| !item.contains_key(ERASED_AT)).map(from_item).transpose()?)
    }
}

impl CustomerRow {
    fn of(customer: &Customer) -> Self {
        Self {
            pk: customer_key(customer.id),
            customer_id: customer.id,
            name: customer.name.as_str().to_owned(),
            credit_limit: customer.credit_limit.minor_units(),
            credit_reserved: customer.reserved.minor_units(),
            version: customer.version,
            announced_version: customer.announced_version,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }

    fn into_customer(self) -> Result<Customer, LoadError> {
        Ok(Customer {
            id: self.customer_id,
            name: Name::stored(self.name),
            credit_limit: Money::new(self.credit_limit).map_err(LoadError::rule_broken)?,
            reserved: Money::new(self.credit_reserved).map_err(LoadError::rule_broken)?,
            version: self.version,
            announced_version: self.announced_version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn words(decision: Decision) -> (&'static str, u64) {
    match decision {
        Decision::Reserved(amount) => (RESERVED, amount.minor_units()),
        Decision::Refused => (REFUSED, 0),
        Decision::Released => (RELEASED, 0),
    }
}

fn customer_key(id: Uuid) -> String {
    format!("CUSTOMER#{id}")
}

fn decision_key(customer_id: Uuid, order_id: Uuid) -> String {
    format!("CUSTOMER#{customer_id}#ORDER#{order_id}")
}
