//! The service: how it places an order today, how it places one with the outbox, and what a consumer does.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::json;
use support::queues;
use time::OffsetDateTime;
use transactional_messaging::{envelope::Envelope, error::BoxError, prelude::*};
use unit_of_work::{AttributeValue, Table, Update};

pub const ORDERS: &str = "orders";
pub const OUTBOX: &str = "orders-outbox";
/// What the consumer remembers and counts.
pub const AWAY: &str = "dispatch-inbox";
pub const QUEUE: Queue<Placed> = Queue::new("dispatch--order-placed");
/// The calls that the steps make on their way.
pub const CALLS: [&str; 6] =
    ["PutItem", "Publish", "TransactWriteItems", "PublishBatch", "Query", "BatchWriteItem"];

#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub event_id: Uuid,
    #[serde(with = "transactional_messaging::timestamp")]
    pub created_at: OffsetDateTime,
}

published! { /** An order was placed. */ OrderPlaced on "order--placed" with Head { order: u128 } }

/// What the consumer reads of it.
pub mod read {
    transactional_messaging::consumed! { /** Placed. */ OrderPlaced on "order--placed" { order: u128 } }
}
pub use read::OrderPlaced as Placed;

pub struct Shop {
    dynamodb: aws_sdk_dynamodb::Client,
    sns: aws_sdk_sns::Client,
    topic: String,
    outbox: Outbox,
    ambient: Ambient,
}

impl Shop {
    /// Its calls go by this configuration. It has asked for its topic when it started.
    pub async fn new(config: &aws_types::SdkConfig, sns: &aws_sdk_sns::Client, ambient: Ambient) -> Self {
        let topic = sns.create_topic().name("order--placed").send().await.expect("a topic");
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            topic: topic.topic_arn.unwrap_or_default(),
            outbox: Outbox::new(OUTBOX, "/shop"),
            ambient,
        }
    }

    pub fn subject(order: u128) -> Subject {
        Subject::aggregate("order", Uuid::from_u128(order))
    }

    fn event(&self, order: u128) -> OrderPlaced {
        OrderPlaced { head: Head { event_id: self.ambient.id(), created_at: self.ambient.now() }, order }
    }

    /// As it was: two writes that nothing holds together.
    #[expect(clippy::disallowed_methods, reason = "this is what the migration gets rid of")]
    pub async fn place_directly(&self, order: u128) -> Result<(), BoxError> {
        let key = AttributeValue::S(order.to_string());
        self.dynamodb.put_item().table_name(ORDERS).item("PK", key).send().await?;
        let (context, event) = (Context::of_request(self.ambient.id()), self.event(order));
        let envelope = Envelope::new("/shop", &Self::subject(order), Sequence::single(), &context, &event)?;
        self.sns.publish().topic_arn(&self.topic).message(envelope.to_text(usize::MAX)?).send().await?;
        Ok(())
    }

    /// With the outbox: one transaction. Topic, envelope and body are what they were.
    pub async fn place(&self, order: u128) -> Result<(), BoxError> {
        let orders = Table::new(ORDERS, "PK");
        let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
        work.add(orders.insert(&json!({"PK": order.to_string()}))?.or("it is placed"));
        let (context, event) = (Context::of_request(self.ambient.id()), self.event(order));
        self.outbox.publish(&mut work, Place::only(Self::subject(order)), &context, &event)?;
        work.commit(&DynamoDb::new(self.dynamodb.clone())).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    /// The orders that are there.
    pub async fn placed(&self, database: &DynamoDb) -> Vec<u128> {
        let orders = Table::new(ORDERS, "PK");
        let mut placed = Vec::new();
        for order in 0..4_u128 {
            let found = database.get(&orders, orders.key(order.to_string(), None)).await.expect("a read");
            placed.extend(found.map(|_| order));
        }
        placed
    }
}

/// How often the consumer did its work for each order.
pub struct Effects(BTreeMap<u128, i64>);

#[derive(Clone)]
struct Dispatch {
    consumer: IdempotentConsumer<DynamoDb>,
    with_inbox: bool,
    database: Arc<DynamoDb>,
    ambient: Ambient,
}

fn count(order: u128) -> Update {
    let table = Table::new(AWAY, "PK");
    Update::new(&table, table.key(format!("count#{order}"), None)).add("Count", 1)
}

impl Dispatch {
    async fn dispatch(self, placed: Delivery<Placed>) -> Result<Handled, HandlerError> {
        let order = placed.message.order;
        if !self.with_inbox {
            // As it was: whatever comes is done.
            let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
            work.add(count(order));
            return Ok(work.commit(&*self.database).await.map(|()| Handled::Done)?);
        }
        let effect = |mut work: UnitOfWork<Conflict>| async move {
            work.add(count(order));
            Ok(work)
        };
        self.consumer.once(&placed, effect).await
    }
}

impl Effects {
    /// Of everything that lies in the queue.
    pub async fn of(
        sqs: &aws_sdk_sqs::Client,
        database: DynamoDb,
        ambient: Ambient,
        with_inbox: bool,
    ) -> Self {
        let inbox = Inbox::new(AWAY, DEFAULT_RETENTION);
        let consumer = IdempotentConsumer::new(inbox, database.clone(), ambient.clone());
        let dispatch = Dispatch { consumer, with_inbox, database: Arc::new(database.clone()), ambient };
        let wiring = Wiring::new().consumes(QUEUE, Dispatch::dispatch);
        for body in queues::drain(sqs, QUEUE.name()).await {
            wiring.handle(QUEUE.name(), &dispatch, &body).await.expect("nothing is in its way");
        }
        let (table, mut counts) = (Table::new(AWAY, "PK"), BTreeMap::new());
        for order in 0..4 {
            let key = table.key(format!("count#{order}"), None);
            let item = database.get(&table, key).await.expect("a read");
            let times = item.and_then(|item| item.get("Count")?.as_n().ok()?.parse().ok());
            counts.extend(times.map(|times| (order, times)));
        }
        Self(counts)
    }

    pub fn of_order(&self, order: u128) -> bool {
        self.0.contains_key(&order)
    }

    pub fn orders(&self) -> impl Iterator<Item = u128> {
        self.0.keys().copied()
    }

    pub fn doubled(&self) -> usize {
        self.0.values().filter(|times| **times > 1).count()
    }
}
