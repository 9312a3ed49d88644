//! The tables of the two services that decide about an order, and what is read of them.

use std::collections::BTreeMap;

use customers::{store::CustomerStore, use_cases::Customers};
use orders::{domain::Order, store::OrderStore, use_cases::Orders};
use time::{Duration, OffsetDateTime};
use transactional_messaging::{
    aggregate::Aggregate as _,
    ambient::Ambient,
    inbox::{DEFAULT_RETENTION, Inbox},
    message::{Sequence, Subject},
    outbox::{Outbox, partition_of},
    relay::operate::{OutboxView, StoredRow},
};
use unit_of_work::{Database as _, DynamoDb, Item, ReadError, Table};
use uuid::Uuid;

/// What was wrong with a read or a write, with its causes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The tables of one service.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Its aggregates.
    pub aggregates: String,
    /// Its inbox.
    pub inbox: String,
    /// Its outbox.
    pub outbox: String,
    /// Its table of sent messages, if there is one, and for how long it keeps them.
    pub sent: Option<(String, Duration)>,
}

/// What both services have.
#[derive(Debug)]
pub struct Books {
    pub(super) database: DynamoDb,
    pub(super) ambient: Ambient,
    pub(super) orders: Of<Orders<DynamoDb>, OrderStore<DynamoDb>>,
    pub(super) customers: Of<Customers<DynamoDb>, CustomerStore<DynamoDb>>,
}

/// What one of them has.
#[derive(Debug)]
pub(super) struct Of<S, T> {
    pub(super) service: S,
    pub(super) store: T,
    pub(super) inbox: Inbox,
    pub(super) outbox: OutboxView,
    pub(super) sent: Option<(Table, Duration)>,
}

impl Books {
    /// Those in these tables.
    pub fn new(database: &DynamoDb, ambient: &Ambient, orders: &Tables, customers: &Tables) -> Self {
        let view = |tables: &Tables| OutboxView::new(database.clone(), &tables.outbox);
        // Nothing is remembered here.
        let inbox = |tables: &Tables| Inbox::new(&tables.inbox, DEFAULT_RETENTION);
        let sent = |tables: &Tables| {
            let sent = tables.sent.as_ref();
            sent.map(|(name, kept)| (OutboxView::new(database.clone(), name).table().clone(), *kept))
        };
        let order_store = OrderStore::new(database.clone(), &orders.aggregates);
        let customer_store = CustomerStore::new(database.clone(), &customers.aggregates);
        Self {
            orders: Of {
                service: Orders::new(
                    order_store.clone(),
                    inbox(orders),
                    Outbox::new(&orders.outbox, orders::messages::SOURCE),
                    ambient.clone(),
                ),
                store: order_store,
                inbox: inbox(orders),
                outbox: view(orders),
                sent: sent(orders),
            },
            customers: Of {
                service: Customers::new(
                    customer_store.clone(),
                    inbox(customers),
                    Outbox::new(&customers.outbox, customers::messages::SOURCE),
                    ambient.clone(),
                ),
                store: customer_store,
                inbox: inbox(customers),
                outbox: view(customers),
                sent: sent(customers),
            },
            database: database.clone(),
            ambient: ambient.clone(),
        }
    }

    /// The messages of these orders in their versions that lie in this table, by order.
    pub(super) async fn told(
        &self,
        table: &Table,
        orders: &[&Order],
    ) -> Result<BTreeMap<Uuid, StoredRow>, ReadError> {
        let key = |order: &&Order| {
            table.key(partition_of(&order.subject()), Some(&Sequence::of(order.version, 0).to_string()))
        };
        let keys: Vec<Item> = orders.iter().map(key).collect();
        let rows = self.database.get_all(table, &keys).await?;
        let rows = rows.into_iter().filter_map(StoredRow::of);
        Ok(rows.filter_map(|row| Some((id_of(&row.key.subject, "order")?, row))).collect())
    }

    /// The message of a decision about an order that waits in the customers' outbox, if there is one.
    pub(super) async fn waiting_decision(
        &self,
        (customer, order): (Uuid, Uuid),
    ) -> Result<Option<StoredRow>, ReadError> {
        let customer = Subject::aggregate("customer", customer);
        let own = self.customers.outbox.subject(&customer.about("order", order)).await?;
        if let Some(row) = own.into_iter().next() {
            return Ok(Some(row));
        }
        let rows = self.customers.outbox.subject(&customer).await?;
        Ok(rows.into_iter().find(|row| ids_in(row).is_some_and(|(_, id)| id == order)))
    }

    /// Whether this consumer's inbox remembers the message of a row.
    pub(super) async fn is_handled(
        &self,
        inbox: &Inbox,
        consumer: &str,
        row: &StoredRow,
    ) -> Result<Option<Uuid>, ReadError> {
        let Some(id) = row.message_id else { return Ok(None) };
        let now: OffsetDateTime = self.ambient.now();
        Ok(inbox.remembers(&self.database, consumer, id, now).await?.then_some(id))
    }

    /// Whether there is an item for this customer, be it the note that it was erased.
    pub(super) async fn has_customer(&self, id: Uuid) -> Result<bool, ReadError> {
        let (store, table) = (&self.customers.store, self.customers.store.table());
        Ok(self.database.get(table, store.customer_item(id)).await?.is_some())
    }
}

/// The id of a subject that is an aggregate of this kind.
pub(super) fn id_of(subject: &Subject, kind: &str) -> Option<Uuid> {
    let (found, id) = subject.as_str().split_once('/')?;
    id.parse().ok().filter(|_| found == kind)
}

/// The customer and the order in the data of a row's message.
pub(super) fn ids_in(row: &StoredRow) -> Option<(Uuid, Uuid)> {
    let envelope: serde_json::Value = serde_json::from_str(row.message()?).ok()?;
    let id = |name: &str| envelope["data"][name].as_str()?.parse().ok();
    Some((id("customer_id")?, id("order_id")?))
}
