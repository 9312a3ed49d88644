//! Messages of one subject that wait in the outbox.

use aws_lambda_events::event::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use customers::messages::{CustomerCreated, CustomerCreditReserved, EventMeta};
use serde_json::json;
use transactional_messaging::{
    message::{Context, Place, Sequence, Subject},
    outbox::{Outbox, partition_of},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::world::World;

pub(crate) const OUTBOX: &str = "customers-outbox";

/// Three messages of one subject, none of which is sent; two of them are of one topic.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) subject: Subject,
    /// As they were stored, in their sequence.
    pub(crate) texts: Vec<String>,
}

impl Stored {
    pub(crate) fn partition(&self) -> String {
        partition_of(&self.subject)
    }

    pub(crate) fn key(&self, number: u64) -> [(String, AttributeValue); 2] {
        [("PK", self.partition()), ("SK", place(number))]
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text)))
    }

    /// The stream records of these rows.
    pub(crate) fn records(&self, numbers: &[u64]) -> Event {
        let records = numbers.iter().map(|number| {
            json!({"eventID": number.to_string(), "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": number.to_string(), "SizeBytes": 26,
                "StreamViewType": "KEYS_ONLY",
                "Keys": {"PK": {"S": self.partition()}, "SK": {"S": place(*number)}}}})
        });
        serde_json::from_value(json!({"Records": records.collect::<Vec<_>>()})).unwrap()
    }
}

/// The sort key of the row with this number, from 0.
fn place(number: u64) -> String {
    Sequence::of(0, number).to_string()
}

pub(crate) async fn stored(world: &World, seed: u64) -> Stored {
    let id = Uuid::from_u64_pair(3, seed);
    let (subject, process) = (Subject::aggregate("customer", id), world.process());
    let head = || EventMeta {
        event_id: process.id(),
        correlation_id: id,
        customer_id: id,
        created_at: process.now(),
    };
    let reserved = |number| CustomerCreditReserved { head: head(), order_id: Uuid::from_u64_pair(4, number) };
    let outbox = Outbox::new(OUTBOX, "/customers");
    let mut work = UnitOfWork::<()>::new(process.id());
    let (sequence, context) = (|index| Sequence::of(0, index), Context::of_request(id));
    let first = Place::first(subject.clone(), sequence(0));
    let created = CustomerCreated { head: head(), name: "Ada".to_owned(), credit_limit: 7, email: None };
    outbox.publish(&mut work, &first, &context, &created).unwrap();
    for index in 1..3 {
        let behind = Place::after(subject.clone(), sequence(index), sequence(index - 1));
        outbox.publish(&mut work, &behind, &context, &reserved(index)).unwrap();
    }
    work.commit(&DynamoDb::new(aws_sdk_dynamodb::Client::new(process.aws()))).await.unwrap();
    let rows = world.outbox("customers", &subject).await;
    let texts = rows.iter().map(|row| row["Message"].as_str().unwrap().to_owned()).collect();
    Stored { subject, texts }
}
