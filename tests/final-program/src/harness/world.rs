//! The system's tables, topics and queues on an AWS that many runs share, each with ids of its own.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_types::SdkConfig;
use fault_engine::{Ambient, deploy::Deployed, listen_to_everything};
use local_aws::InMemoryAws;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use transactional_messaging::{
    message::{Sequence, Subject},
    outbox::partition_of,
};
use uuid::Uuid;

use super::outside::{self, post};
use crate::PROGRAM;

/// A queue that hears everything.
const PROBE: &str = "probe";
/// More than all runs in one world can reserve.
pub const LIMIT: u64 = 1_000_000_000;

/// A process that has just started: nothing but its way to AWS, time, ids and chance.
pub type Process = Ambient;
/// An item of a table, as JSON.
pub type Item = Map<String, Value>;

/// The system on an AWS of its own.
pub struct World {
    /// Its AWS.
    pub aws: InMemoryAws,
    ids: Arc<AtomicU64>,
    /// A customer with credit for all.
    pub customer: Uuid,
    /// What must be reserved of its credit, and its version.
    pub books: Cell<(u64, u64)>,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
}

impl World {
    /// Everything that the system needs, a customer with credit for all, and a queue that hears every
    /// message.
    pub async fn open() -> Self {
        let aws = Deployed::by(&PROGRAM).await.unwrap().build(0).await.unwrap();
        let config = aws.sdk_config();
        let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        let mut world =
            Self { aws, ids: Arc::default(), customer: Uuid::nil(), books: Cell::default(), dynamodb, sqs };
        listen_to_everything(&world.aws, PROBE).await.unwrap();
        let body = json!({"name": "Ada", "credit_limit": LIMIT});
        world.customer = post(&world.process(), "/customers", "the-customer", &body).await.unwrap();
        world
    }

    /// A process whose calls all go through.
    pub fn process(&self) -> Process {
        self.process_over(self.aws.clone())
    }

    /// A process with this way to AWS.
    pub fn process_over(&self, wire: impl HttpClient + 'static) -> Process {
        let clock = self.aws.clock();
        let config = self.aws.sdk_config().into_builder().http_client(wire).build();
        Ambient::counted(config, move || OffsetDateTime::from(clock.now()), self.ids.clone(), 1)
    }

    /// An item of a table whose key is `PK` alone.
    pub async fn item(&self, table: &str, key: String) -> Item {
        let request = self.dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("PK", AttributeValue::S(key)).send().await.unwrap();
        answer.item.map(|item| serde_dynamo::from_item(item).unwrap()).unwrap_or_default()
    }

    /// What the outbox has of a subject: the rows that were not sent, in their order.
    pub async fn outbox(&self, service: &str, subject: &Subject) -> Vec<Item> {
        let request = self.dynamodb.query().table_name(format!("{service}-outbox")).consistent_read(true);
        let request = request.key_condition_expression("PK = :subject");
        let subject = AttributeValue::S(partition_of(subject));
        let answer = request.expression_attribute_values(":subject", subject).send().await.unwrap();
        serde_dynamo::from_items(answer.items.unwrap_or_default()).unwrap()
    }

    /// One row of the outbox, if it is there.
    pub async fn row(&self, service: &str, subject: &Subject, sequence: Sequence) -> Item {
        let request = self.dynamodb.get_item().table_name(format!("{service}-outbox")).consistent_read(true);
        let request = request.key("PK", AttributeValue::S(partition_of(subject)));
        let answer = request.key("SK", AttributeValue::S(sequence.to_string())).send().await.unwrap();
        answer.item.map(|item| serde_dynamo::from_item(item).unwrap()).unwrap_or_default()
    }

    /// Notes what a change of the customer should have done to its books.
    pub fn expect(&self, change: impl FnOnce(u64) -> u64) {
        let (reserved, version) = self.books.get();
        self.books.set((change(reserved), version + 1));
    }

    /// The kinds of the messages that the outbox has of a subject.
    pub async fn kinds(&self, service: &str, subject: &Subject) -> Vec<String> {
        let rows = self.outbox(service, subject).await;
        rows.iter().filter_map(|row| row.get("Kind")?.as_str().map(str::to_owned)).collect()
    }

    /// What subscribers have heard: the texts of the messages of each subject, in the order of arrival. It is
    /// taken out of the queue.
    pub async fn heard(&self) -> BTreeMap<String, Vec<String>> {
        let url = self.queue(PROBE).await;
        let mut heard: BTreeMap<_, Vec<_>> = BTreeMap::new();
        loop {
            let answer = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await;
            let messages = answer.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return heard;
            }
            for message in messages {
                let handle = message.receipt_handle.unwrap_or_default();
                self.sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
                let body: Value = serde_json::from_str(&message.body.unwrap_or_default()).unwrap();
                let text = body["Message"].as_str().unwrap().to_owned();
                let envelope: Value = serde_json::from_str(&text).unwrap();
                heard.entry(envelope["subject"].as_str().unwrap().to_owned()).or_default().push(text);
            }
        }
    }

    /// The URL of a queue.
    pub async fn queue(&self, name: &str) -> String {
        self.sqs.get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap()
    }
}

/// Gives an attribute of an item another name, if the item has it.
///
/// # Errors
///
/// What DynamoDB says.
#[allow(clippy::disallowed_methods, reason = "no program changes a row so")]
pub async fn rename(
    aws: &SdkConfig,
    table: &str,
    key: [(String, AttributeValue); 2],
    from: &str,
    to: &str,
) -> Result<(), aws_sdk_dynamodb::Error> {
    let update = aws_sdk_dynamodb::Client::new(aws).update_item().table_name(table);
    let update = update.set_key(Some(key.clone().into())).condition_expression("attribute_exists(#from)");
    let row = aws_sdk_dynamodb::Client::new(aws).get_item().table_name(table).consistent_read(true);
    let item = row.set_key(Some(key.into())).send().await?.item.unwrap_or_default();
    let value = item.get(from).cloned().unwrap_or(AttributeValue::Null(true));
    let update =
        update.update_expression("SET #to = :value REMOVE #from").expression_attribute_names("#from", from);
    let update = update.expression_attribute_names("#to", to).expression_attribute_values(":value", value);
    update.send().await?;
    Ok(())
}

/// A message as a queue delivers it, with the id of this number.
pub fn message(kind: &str, number: u64, data: &Value) -> String {
    outside::message(kind, Uuid::from_u64_pair(1, number), data)
}

/// Adds a complaint when two things differ.
pub fn same<T: PartialEq + std::fmt::Debug>(wrong: &mut Vec<String>, what: &str, is: T, should: T) {
    if is != should {
        wrong.push(format!("{what} is {is:?} and should be {should:?}"));
    }
}
