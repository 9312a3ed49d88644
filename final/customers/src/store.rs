//! Customers and decisions as items of one table.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use unit_of_work::{
    AttributeValue, Check, Condition, Database, DynamoDb, Item, ItemError, LoadError, Put, ReadError, Table,
    VERSION, from_item,
};
use uuid::Uuid;

pub use self::rows::Kept;
use self::rows::{CustomerRow, DecisionRow, customer_key, decision_ids, decision_key, words};
use crate::domain::{Customer, Decision};

mod rows;

/// The customers table.
#[derive(Clone, Debug)]
pub struct CustomerStore<D> {
    database: D,
    table: Table,
}

/// Instead of a customer that was erased lies an item with its key and this attribute, the time. Without it
/// the customer could be made again, and would have a second first message.
pub const ERASED_AT: &str = "ErasedAt";

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
        let item = self.database.get(&self.table, self.customer_item(id)).await?;
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
        let item = self.database.get(&self.table, self.decision_item(customer_id, order_id)).await?;
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
        Check::new(&self.table, self.customer_item(customer_id), Condition::not_exists(VERSION))
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

    /// A message rests on this decision.
    pub fn still(&self, (customer_id, order_id): (Uuid, Uuid), decision: Decision) -> Check {
        let is_it = Condition::equals("Decision", AttributeValue::S(words(decision).0.to_owned()));
        Check::new(&self.table, self.decision_item(customer_id, order_id), is_it)
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
}
