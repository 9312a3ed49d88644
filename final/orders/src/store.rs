//! Orders as items of one table, and the index of those that are pending.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use transactional_messaging::due::DueIndex;
use unit_of_work::{
    AttributeValue, Check, Condition, Database, DynamoDb, Item, ItemError, LoadError, Put, ReadError, Table,
    Update, can_pass, from_item, to_item,
};
use uuid::Uuid;
use waiting::in_time;

pub use self::rows::{Kept, TIMEOUT, id_in, refusal_name, rejection_reason, state_name};
use self::rows::{OrderRow, key};
use crate::domain::{Order, State};

mod rows;

/// The orders on which nobody has decided yet, in the sequence in which their times end. An order leaves it
/// with the decision.
pub const PENDING_INDEX: DueIndex =
    DueIndex { name: "PendingIndex", shard: "PendingShard", time: "DecideBy" };

/// Instead of an order that was erased lies an item with its key and this attribute, the time. Without it the
/// order could be placed again, and would have a second first message.
pub const ERASED_AT: &str = "ErasedAt";

/// How many orders one page of the whole table has.
const SCANNED: i32 = 100;

/// The orders table.
#[derive(Clone, Debug)]
pub struct OrderStore<D> {
    database: D,
    table: Table,
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

    /// An order, read consistently. One that was erased is none: in its place lies an item with [`ERASED_AT`]
    /// and nothing else.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn order(&self, id: Uuid) -> Result<Option<Order>, LoadError> {
        let item = self.database.get(&self.table, self.table.key(key(id), None)).await?;
        item.map_or(Ok(None), Self::found)
    }

    /// The order in an item that was found; none where it was erased.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when it is damaged.
    pub fn found(item: Item) -> Result<Option<Order>, LoadError> {
        if item.contains_key(ERASED_AT) {
            return Ok(None);
        }
        Ok(Some(from_item::<OrderRow>(item)?.into_order()?))
    }

    /// Writes an order that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn insert(&self, order: &Order) -> Result<Put, ItemError> {
        self.table.insert(&OrderRow::of(order))
    }

    /// Writes a changed order over the version before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn update(&self, changed: &Order) -> Result<Put, ItemError> {
        self.table.replace(&OrderRow::of(changed))
    }

    /// A message rests on this version of the order.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the order could not be written as an item either.
    pub fn unchanged(&self, order: &Order) -> Result<Check, ItemError> {
        self.table.unchanged(&OrderRow::of(order))
    }
}

impl<D: Database> OrderStore<D> {
    /// Gives an order a time and leaves everything else of it as it is: its version, too. It must still be
    /// pending, and without a time.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn adopt(&self, order: Order, decide_by: OffsetDateTime) -> Result<Update, ItemError> {
        let id = order.id;
        let mut row = to_item(&OrderRow::of(&Order { decide_by: Some(decide_by), ..order }))?;
        let (name, pending) = ("State", AttributeValue::S(state_name(State::Pending).to_owned()));
        let without = Condition::equals(name, pending).and(Condition::not_exists(PENDING_INDEX.time));
        let update = Update::new(&self.table, self.table.key(key(id), None)).when(without);
        let times = [PENDING_INDEX.shard, PENDING_INDEX.time].map(|name| (name, row.remove(name)));
        let update = times.into_iter().fold(update, |update, (name, value)| match value {
            Some(value) => update.set(name, value),
            None => update,
        });
        Ok(update)
    }
}

impl OrderStore<DynamoDb> {
    /// The keys of pending orders without a time on one page of the table, and where the next page begins. It
    /// reads the table itself, and not an index, in which such orders are not.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn without_time(&self, from: Option<Item>) -> Result<(Vec<Item>, Option<Item>), ReadError> {
        let pending = AttributeValue::S(state_name(State::Pending).to_owned());
        let request = self.database.client().scan().table_name(self.table.name());
        let request = request
            .filter_expression("#state = :pending AND attribute_not_exists(#time)")
            .projection_expression("PK")
            .expression_attribute_names("#state", "State")
            .expression_attribute_names("#time", PENDING_INDEX.time)
            .expression_attribute_values(":pending", pending);
        let request = request.limit(SCANNED).set_exclusive_start_key(from).consistent_read(true);
        let failed = |retryable, source| ReadError { table: self.table.name().to_owned(), retryable, source };
        let answer = in_time(request.send()).await.map_err(|late| failed(true, late.into()))?;
        let page = answer.map_err(|error| failed(can_pass(&error), error.into()))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

impl OrderStore<DynamoDb> {
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

    /// Those of these orders that are there; none for one that was erased, or cannot be read.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn orders(&self, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Option<Order>>, ReadError> {
        let keys: Vec<_> = ids.iter().map(|id| self.key(*id)).collect();
        let items = self.database.get_all(&self.table, &keys).await?;
        let read = |item| from_item::<OrderRow>(item).ok().and_then(|row| row.into_order().ok());
        Ok(items.into_iter().filter_map(|item| Some((id_in(&item)?, read(item)))).collect())
    }

    /// The key of an order's item.
    pub fn key(&self, id: Uuid) -> Item {
        self.table.key(key(id), None)
    }
}
