//! Two tables behind a wire, and short ways to write items.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use unit_of_work::{AttributeValue, Condition, Database as _, DynamoDb, Item, Put, Table, UnitOfWork};
use uuid::Uuid;

use crate::wire::Wire;

/// The error that an action carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) usize);

pub(crate) struct Bench {
    pub(crate) wire: Wire,
    pub(crate) database: DynamoDb,
}

impl Bench {
    /// An AWS of its own with both tables; nothing of their making is counted.
    pub(crate) async fn new() -> Self {
        let wire = Wire::new();
        let setup = Client::new(&wire.aws().sdk_config());
        for table in [things(), pairs()] {
            create(&setup, &table).await;
        }
        Self { database: DynamoDb::new(Client::new(&wire.sdk_config())), wire }
    }

    pub(crate) async fn get(&self, table: &Table, key: Item) -> Option<Item> {
        self.database.get(table, key).await.unwrap()
    }

    /// All items of a table.
    pub(crate) async fn scan(&self, table: &Table) -> Vec<Item> {
        let answer =
            self.database.client().scan().table_name(table.name()).consistent_read(true).send().await;
        answer.unwrap().items.unwrap_or_default()
    }

    pub(crate) async fn commit(
        &self,
        work: UnitOfWork<Refused>,
    ) -> Result<(), unit_of_work::CommitError<Refused>> {
        work.commit(&self.database).await
    }
}

/// A table with a partition key.
pub(crate) fn things() -> Table {
    Table::new("things", "PK")
}

/// A table with a partition key and a sort key.
pub(crate) fn pairs() -> Table {
    Table::new("pairs", "PK").with_sort_key("SK")
}

/// An empty unit of work; the token says which one it is.
pub(crate) fn work(token: u128) -> UnitOfWork<Refused> {
    UnitOfWork::new(Uuid::from_u128(token))
}

/// A put that must not find an item with this key.
pub(crate) fn insert(key: &str) -> Put {
    Put::item(&things(), thing(key, 0)).unwrap().when(Condition::not_exists("PK"))
}

pub(crate) fn thing(key: &str, number: u64) -> Item {
    Item::from([("PK".to_owned(), text(key)), ("Number".to_owned(), n(number))])
}

pub(crate) fn key(key: &str) -> Item {
    things().key(key, None)
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

async fn create(client: &Client, table: &Table) {
    let mut request = client.create_table().table_name(table.name()).billing_mode(BillingMode::PayPerRequest);
    let keys = [(Some(table.partition_key()), KeyType::Hash), (table.sort_key(), KeyType::Range)];
    for (name, kind) in keys.into_iter().filter_map(|(name, kind)| Some((name?, kind))) {
        let attribute =
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        request =
            request.attribute_definitions(attribute.build().unwrap()).key_schema(element.build().unwrap());
    }
    request.send().await.unwrap();
}
