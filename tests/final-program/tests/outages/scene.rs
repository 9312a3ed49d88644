//! Messages in the outbox of the orders service, and what subscribers have heard of them.

use std::{collections::BTreeMap, time::Duration};

use aws_lambda_events::event::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use orders::messages::{EventMeta, OrderApproved, OrderCancelled, OrderCreated};
use serde_json::{Value, json};
use transactional_messaging::{
    message::{Context, Place, Sequence, Subject},
    outbox::{Outbox, partition_of},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::world::World;

pub(crate) const OUTBOX: &str = "orders-outbox";

/// The kinds of messages that are stored here.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Created,
    Approved,
    Cancelled,
}

pub(crate) fn subject(number: u64) -> Subject {
    Subject::aggregate("order", Uuid::from_u64_pair(3, number))
}

/// What an outbox calls the subject with this number.
pub(crate) fn partition(number: u64) -> String {
    partition_of(&subject(number))
}

/// Stores these messages of one subject in one commit, from the first sequence on.
pub(crate) async fn store(world: &World, number: u64, kinds: &[Kind]) {
    let (subject, process) = (subject(number), world.process());
    let head = |state| EventMeta {
        event_id: process.id(),
        correlation_id: Uuid::from_u128(8),
        order_id: Uuid::from_u64_pair(3, number),
        customer_id: world.customer,
        state,
        created_at: process.now(),
    };
    let outbox = Outbox::new(OUTBOX, "/orders");
    let mut work = UnitOfWork::<()>::new(process.id());
    let context = Context::of_request(Uuid::from_u128(8));
    for (index, kind) in (0..).zip(kinds) {
        let sequence = Sequence::of(0, index);
        let place = &match index.checked_sub(1) {
            None => Place::first(subject.clone(), sequence),
            Some(before) => Place::after(subject.clone(), sequence, Sequence::of(0, before)),
        };
        let stored = match kind {
            Kind::Created => {
                let message = OrderCreated { head: head("PENDING"), order_total: 7 };
                outbox.publish(&mut work, place, &context, &message)
            }
            Kind::Approved => {
                outbox.publish(&mut work, place, &context, &OrderApproved { head: head("APPROVED") })
            }
            Kind::Cancelled => {
                let message = OrderCancelled { head: head("CANCELLED") };
                outbox.publish(&mut work, place, &context, &message)
            }
        };
        stored.unwrap();
    }
    work.commit(&DynamoDb::new(aws_sdk_dynamodb::Client::new(process.aws()))).await.unwrap();
}

/// A batch of stream records: those of all rows of these subjects.
pub(crate) async fn records(world: &World, numbers: &[u64]) -> Event {
    let mut records = Vec::new();
    for number in numbers {
        for row in world.outbox("orders", &subject(*number)).await {
            let sequence = (1 + records.len()).to_string();
            records.push(
                json!({"eventID": sequence, "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": sequence, "SizeBytes": 26,
                "StreamViewType": "KEYS_ONLY", "Keys": {"PK": {"S": row["PK"]}, "SK": {"S": row["SK"]}}}}),
            );
        }
    }
    serde_json::from_value(json!({"Records": records})).unwrap()
}

/// What was heard so far, by subject.
#[derive(Default)]
pub(crate) struct Heard(BTreeMap<String, Vec<String>>);

impl Heard {
    /// The types of the messages of this subject that subscribers have, in the order in which they came; each
    /// once.
    pub(crate) async fn kinds(&mut self, world: &World, number: u64) -> Vec<String> {
        for (subject, texts) in world.heard().await {
            let known = self.0.entry(subject).or_default();
            for text in texts {
                let envelope: Value = serde_json::from_str(&text).unwrap();
                let kind = envelope["type"].as_str().unwrap().to_owned();
                if !known.contains(&kind) {
                    known.push(kind);
                }
            }
        }
        self.0.get(subject(number).as_str()).cloned().unwrap_or_default()
    }
}

/// Sets or takes away an attribute of a row.
pub(crate) async fn damage(
    world: &World,
    number: u64,
    sequence: u64,
    name: &str,
    value: Option<AttributeValue>,
) {
    #[allow(clippy::disallowed_methods, reason = "something that the relay does not expect")]
    let update = aws_sdk_dynamodb::Client::new(&world.aws.sdk_config()).update_item().table_name(OUTBOX);
    let sequence = AttributeValue::S(Sequence::of(0, sequence).to_string());
    let update = update.key("PK", AttributeValue::S(partition(number))).key("SK", sequence);
    let update = update.expression_attribute_names("#name", name);
    let update = match value {
        Some(value) => {
            update.update_expression("SET #name = :value").expression_attribute_values(":value", value)
        }
        None => update.update_expression("REMOVE #name"),
    };
    update.send().await.unwrap();
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
