//! The system on an AWS of its own, and what has to happen before a handler has something to do.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use fault_engine::{Ambient, listen_to_everything};
use final_program::PROGRAM;
use local_aws::InMemoryAws;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use transactional_messaging::outbox::RowKey;
use uuid::Uuid;

use crate::{outside::post, wire::Wire};

/// How long the requests of a process take that is not dropped.
pub(crate) const LATENCY: Duration = Duration::from_millis(10);
/// A queue that hears everything.
pub(crate) const PROBE: &str = "probe";

/// An AWS with the system's tables, topics and queues.
pub(crate) struct Shop {
    pub(crate) aws: InMemoryAws,
    ids: Arc<AtomicU64>,
}

/// A process that has just started: no state but its clients.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) ambient: Ambient,
    pub(crate) wire: Wire,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let aws = InMemoryAws::new().unwrap();
        (PROGRAM.deploy)(aws.sdk_config()).await.unwrap();
        listen_to_everything(&aws, PROBE).await.unwrap();
        Self { aws, ids: Arc::default() }
    }

    pub(crate) fn process(&self, latency: Duration) -> Process {
        let wire = Wire::new(self.aws.clone(), latency);
        let clock = self.aws.clock();
        let config = self.aws.sdk_config().into_builder().http_client(wire.client()).build();
        let ambient =
            Ambient::counted(config, move || OffsetDateTime::from(clock.now()), self.ids.clone(), 1);
        Process { ambient, wire }
    }

    pub(crate) async fn customer(&self, limit: u64) -> Uuid {
        let body = json!({"name": "Ada", "credit_limit": limit});
        self.process(LATENCY).post("/customers", "a-customer", &body).await.unwrap()
    }

    pub(crate) async fn order(&self, key: &str, customer: Uuid, total: u64) -> Uuid {
        let body = json!({"customer_id": customer, "order_total": total});
        self.process(LATENCY).post("/orders", key, &body).await.unwrap()
    }

    /// Sends everything that waits in the outbox of a service, as far as it is not parked.
    pub(crate) async fn publish(&self, service: &str) {
        let table = format!("{service}-outbox");
        let waiting = items(self, &table).await.into_iter();
        let key = |item: &Map<String, Value>| RowKey::of_subject(item["PK"].as_str()?, item["SK"].as_str()?);
        let pending = waiting.filter_map(|item| key(&item)).collect();
        let relay = final_program::relay_of(&self.process(LATENCY).ambient, &table);
        for result in relay.wake_rows(pending).await.into_values() {
            result.unwrap();
        }
    }

    /// Gives an attribute of the first row of a subject in the outbox of orders another name.
    pub(crate) async fn rename_attribute(&self, partition: &str, from: &str, to: &str) {
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.aws.sdk_config());
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let key = [("PK", partition), ("SK", "00000000000000000001")]
            .map(|(name, value)| (name.to_owned(), text(value)));
        let row = dynamodb.get_item().table_name("orders-outbox").set_key(Some(key.clone().into()));
        let row = row.send().await.unwrap().item.unwrap();
        #[allow(clippy::disallowed_methods, reason = "something that the relay does not expect")]
        let update = dynamodb.update_item().table_name("orders-outbox").set_key(Some(key.into()));
        let update = update.update_expression("SET #to = :value REMOVE #from");
        let update = update.expression_attribute_names("#to", to).expression_attribute_names("#from", from);
        update.expression_attribute_values(":value", row[from].clone()).send().await.unwrap();
    }

    /// The next message of a queue, which must have one.
    pub(crate) async fn take(&self, queue: &str) -> String {
        let mut bodies = self.take_all(queue).await;
        assert!(!bodies.is_empty(), "nothing came to {queue}");
        bodies.remove(0)
    }

    /// The messages of a queue, ten at most, taken out of it.
    pub(crate) async fn take_all(&self, queue: &str) -> Vec<String> {
        let sqs = aws_sdk_sqs::Client::new(&self.aws.sdk_config());
        let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
        let answer = sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
        let mut bodies = Vec::new();
        for message in answer.messages.unwrap_or_default() {
            let handle = message.receipt_handle.unwrap_or_default();
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
            bodies.extend(message.body);
        }
        bodies
    }
}

impl Process {
    /// Sends a request to the service whose path it names: the id in the answer, or what was wrong.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Uuid, String> {
        post(&self.ambient, path, key, body).await
    }
}

/// The items of a table.
pub(crate) async fn items(shop: &Shop, table: &str) -> Vec<Map<String, Value>> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&shop.aws.sdk_config());
    let answer = dynamodb.scan().table_name(table).consistent_read(true).send().await.unwrap();
    serde_dynamo::from_items(answer.items.unwrap()).unwrap()
}
