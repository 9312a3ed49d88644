//! Both services on one database. What they store in their outboxes is delivered when the test says so: the
//! use cases are the real ones, and so are the messages.

use std::{collections::BTreeMap, time::Duration};

use customers::{
    domain::{Customer, Money, Name},
    use_cases::Customers,
};
use orders::{
    domain::{Order, Total},
    use_cases::{OrderError, Orders},
};
use service::ServiceSettings;
use service_kit::Environment;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Handled, HandlerError},
    wiring::Wiring,
};
use unit_of_work::{Database, Delete, Item, MemoryDatabase, Table, UnitOfWork};
use uuid::Uuid;

use crate::desk::context;

/// All tables but the inboxes.
const STATE: [&str; 4] = ["customers", "customers-outbox", "orders", "orders-outbox"];
const INBOXES: [&str; 2] = ["customers-inbox", "orders-inbox"];

/// A message that is, or was, in an outbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) kind: String,
    id: String,
    text: String,
}

/// What a test may see of a database, and a service may not.
pub(super) trait Look: Database + Clone + 'static {
    async fn items(&self, table: &str) -> Vec<Item>;
}

impl Look for MemoryDatabase {
    async fn items(&self, table: &str) -> Vec<Item> {
        Self::items(self, &table_named(table))
    }
}

/// The services, their database, and the ids and time that they are given.
#[derive(Clone)]
pub(super) struct System<D> {
    pub(super) database: D,
    customers: Customers<D>,
    orders: Orders<D>,
    ambient: Ambient,
}

impl<D: Look> System<D> {
    pub(super) fn new(database: D, ambient: Ambient) -> Self {
        let of_customers = settings("customers", customers::service::TABLE_VARIABLE);
        let of_orders = settings("orders", orders::service::TABLE_VARIABLE);
        let orders = orders::service::use_cases(database.clone(), &of_orders, ambient.clone()).unwrap();
        Self {
            customers: customers::service::use_cases(database.clone(), &of_customers, ambient.clone())
                .unwrap(),
            orders: orders.with_timeout(Duration::ZERO),
            database,
            ambient,
        }
    }

    pub(super) async fn create_customer(&self, id: Uuid, limit: u64) {
        let (name, limit) = (Name::new("Ada").unwrap(), Money::new(limit).unwrap());
        self.customers.create(&context(), id, name, limit).await.unwrap();
    }

    pub(super) async fn place(&self, id: Uuid, customer: Uuid, total: u64) {
        self.orders.create(&context(), id, customer, Total::new(total).unwrap()).await.unwrap();
    }

    pub(super) async fn cancel(&self, id: Uuid) -> Result<(), OrderError> {
        self.orders.cancel(&context(), id).await
    }

    /// The time of an order is over as soon as it is placed; this is when somebody looks.
    pub(super) async fn give_up(&self, id: Uuid) -> bool {
        self.orders.give_up(id).await.unwrap()
    }

    pub(super) async fn order(&self, id: Uuid) -> Order {
        self.orders.find(id).await.unwrap().unwrap()
    }

    pub(super) async fn customer(&self, id: Uuid) -> Option<Customer> {
        self.customers.find(id).await.unwrap()
    }

    /// Every message that was ever stored to be sent, in the order of the tables.
    pub(super) async fn sent(&self) -> Vec<Sent> {
        let mut sent = Vec::new();
        for outbox in ["customers-outbox", "orders-outbox"] {
            let text = |row: &Item, name: &str| row[name].as_s().unwrap().clone();
            let rows = self.database.items(outbox).await;
            let message = |row| Sent {
                kind: text(row, "Kind"),
                id: text(row, "MessageId"),
                text: text(row, "Message"),
            };
            sent.extend(rows.iter().map(message));
        }
        sent
    }

    /// Gives a message to everybody who is subscribed to it.
    pub(super) async fn deliver(&self, message: &Sent) -> Result<Handled, HandlerError> {
        let customers = handle(&customers::wiring::wiring(), &self.customers, message).await?;
        Ok(handle(&orders::wiring::wiring(), &self.orders, message)
            .await?
            .or(customers)
            .unwrap_or(Handled::Done))
    }

    /// Everything that is stored, but for what was handled.
    pub(super) async fn state(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut state = BTreeMap::new();
        for table in STATE {
            let rows = self.database.items(table).await;
            let mut rows: Vec<_> = rows.iter().map(sorted).collect();
            rows.sort();
            state.insert(table, rows);
        }
        state
    }

    /// The keys of everything that was handled.
    pub(super) async fn handled(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for inbox in INBOXES {
            let rows = self.database.items(inbox).await;
            keys.extend(rows.iter().map(|row| row["PK"].as_s().unwrap().clone()));
        }
        keys.sort();
        keys
    }

    /// Forgets that messages were handled, as the inboxes do in time: this one, or all.
    pub(super) async fn forget(&self, message: Option<&Sent>) {
        for inbox in INBOXES {
            let table = table_named(inbox);
            for row in self.database.items(inbox).await {
                let key = row["PK"].as_s().unwrap();
                if message.is_none_or(|message| key.ends_with(&message.id)) {
                    let mut work: UnitOfWork<()> = UnitOfWork::new(self.ambient.id());
                    work.add(Delete::new(&table, table.key(key.clone(), None)));
                    work.commit(&self.database).await.unwrap();
                }
            }
        }
    }
}

pub(super) fn settings(service: &str, variable: &str) -> ServiceSettings {
    let environment = [
        ("ENVIRONMENT", "autotest".to_owned()),
        ("AWS_REGION", "eu-west-1".to_owned()),
        (variable, service.to_owned()),
        ("DYNAMODB_INBOX_TABLE_NAME", format!("{service}-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME", format!("{service}-outbox")),
    ];
    environment.into_iter().collect::<Environment>().read(|env| ServiceSettings::read(env, variable)).unwrap()
}

/// Gives the message to the service if it consumes the like; no service has two queues of them.
async fn handle<S: Clone + Send + Sync + 'static>(
    wiring: &Wiring<S>,
    service: &S,
    message: &Sent,
) -> Result<Option<Handled>, HandlerError> {
    let queues = wiring.description().consumes;
    match queues.iter().find(|queue| queue.kind == message.kind) {
        Some(queue) => wiring.handle(&queue.queue, service, &message.text).await.map(Some),
        None => Ok(None),
    }
}

fn table_named(name: &str) -> Table {
    let table = Table::new(name, "PK");
    if name.ends_with("-outbox") { table.with_sort_key("SK") } else { table }
}

fn sorted(row: &Item) -> String {
    let attributes: BTreeMap<_, _> = row.iter().collect();
    format!("{attributes:?}")
}
