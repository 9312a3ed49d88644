//! Customers and decisions as items of one table.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::timestamp;
use unit_of_work::{
    AttributeValue, Check, Condition, Database, DynamoDb, Item, ItemError, LoadError, Put, ReadError, Table,
    VERSION, from_item,
};
use uuid::Uuid;

use crate::domain::{Customer, Decision, Email, Money, Name};

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
    /// A version of this service that knows no addresses loses it when it changes the customer: deploy this
    /// one everywhere before clients give addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
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

/// Instead of a customer that was erased lies an item with its key and this attribute, the time. Without it
/// the customer could be made again, and would have a second first message.
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

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// A customer, read consistently. One that was erased is none: in its place lies an item with
    /// [`ERASED_AT`] and nothing else.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn customer(&self, id: Uuid) -> Result<Option<Customer>, LoadError> {
        let item = self.database.get(&self.table, self.table.key(customer_key(id), None)).await?;
        item.map_or(Ok(None), Self::found)
    }

    /// The customer in an item that was found; none where it was erased.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when it is damaged.
    pub fn found(item: Item) -> Result<Option<Customer>, LoadError> {
        if item.contains_key(ERASED_AT) {
            return Ok(None);
        }
        Ok(Some(from_item::<CustomerRow>(item)?.into_customer()?))
    }

    /// What was decided about an order, read consistently.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn decision(&self, customer_id: Uuid, order_id: Uuid) -> Result<Option<Decision>, LoadError> {
        let key = self.table.key(decision_key(customer_id, order_id), None);
        let item = self.database.get(&self.table, key).await?;
        let item = item.filter(|item| !item.contains_key(ERASED_AT));
        item.map(|item| from_item::<DecisionRow>(item)?.decision()).transpose()
    }

    /// Writes a customer that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn insert(&self, customer: &Customer) -> Result<Put, ItemError> {
        self.table.insert(&CustomerRow::of(customer))
    }

    /// Writes a changed customer over the version before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn update(&self, changed: &Customer) -> Result<Put, ItemError> {
        self.table.replace(&CustomerRow::of(changed))
    }

    /// A decision rests on this version of the customer.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the customer could not be written as an item either.
    pub fn unchanged(&self, customer: &Customer) -> Result<Check, ItemError> {
        self.table.unchanged(&CustomerRow::of(customer))
    }

    /// A decision rests on the absence of the customer, which may have been erased.
    pub fn absent(&self, customer_id: Uuid) -> Check {
        Check::new(
            &self.table,
            self.table.key(customer_key(customer_id), None),
            Condition::not_exists(VERSION),
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
}

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

impl CustomerStore<DynamoDb> {
    /// The next page of the whole table without what was erased, and where the one after it begins.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn page(&self, from: Option<Item>) -> Result<(Vec<Kept>, Option<Item>), ReadError> {
        let (items, next) = self.database.page(&self.table, from).await?;
        let items = items.into_iter().filter(|item| !item.contains_key(ERASED_AT));
        Ok((items.map(Kept::of).collect(), next))
    }

    /// What was decided about those of these orders, each behind its customer, on which somebody has decided;
    /// none where that cannot be read.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn decisions(
        &self,
        ids: &BTreeSet<(Uuid, Uuid)>,
    ) -> Result<BTreeMap<(Uuid, Uuid), Option<Decision>>, ReadError> {
        let keys: Vec<_> =
            ids.iter().map(|(customer, order)| self.decision_item(*customer, *order)).collect();
        let items = self.database.get_all(&self.table, &keys).await?;
        let decided = items.into_iter().filter_map(|item| {
            let ids = decision_ids(item.get("PK")?.as_s().ok()?)?;
            Some((ids, from_item::<DecisionRow>(item).ok().and_then(|row| row.decision().ok())))
        });
        Ok(decided.collect())
    }

    /// The versions of those of these customers that are there; none of one that was erased.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn versions(&self, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Option<u64>>, ReadError> {
        let keys: Vec<_> = ids.iter().map(|id| self.customer_item(*id)).collect();
        let items = self.database.get_all(&self.table, &keys).await?;
        let id = |item: &Item| item.get("PK")?.as_s().ok()?.strip_prefix("CUSTOMER#")?.parse().ok();
        let version = |item: &Item| item.get(VERSION)?.as_n().ok()?.parse().ok();
        Ok(items.iter().filter_map(|item| Some((id(item)?, version(item)))).collect())
    }

    /// The key of a customer's item.
    pub fn customer_item(&self, id: Uuid) -> Item {
        self.table.key(customer_key(id), None)
    }

    /// The key of the item of a decision.
    pub fn decision_item(&self, customer_id: Uuid, order_id: Uuid) -> Item {
        self.table.key(decision_key(customer_id, order_id), None)
    }
}

impl<D: Database> CustomerStore<D> {
    /// A message rests on this decision.
    pub fn still(&self, (customer_id, order_id): (Uuid, Uuid), decision: Decision) -> Check {
        let is_it = Condition::equals("Decision", AttributeValue::S(words(decision).0.to_owned()));
        Check::new(&self.table, self.table.key(decision_key(customer_id, order_id), None), is_it)
    }
}

impl Kept {
    fn of(item: Item) -> Self {
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
    fn decision(&self) -> Result<Decision, LoadError> {
        match self.decision.as_str() {
            RESERVED => Ok(Decision::Reserved(Money::new(self.amount).map_err(LoadError::rule_broken)?)),
            REFUSED => Ok(Decision::Refused),
            RELEASED => Ok(Decision::Released),
            other => Err(LoadError::rule_broken(format!("{other} is no decision"))),
        }
    }
}

impl CustomerRow {
    fn of(customer: &Customer) -> Self {
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

    fn into_customer(self) -> Result<Customer, LoadError> {
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

fn decision_ids(key: &str) -> Option<(Uuid, Uuid)> {
    let (customer, order) = key.strip_prefix("CUSTOMER#")?.split_once("#ORDER#")?;
    Some((customer.parse().ok()?, order.parse().ok()?))
}
