//! Relay and sweeper: a batch comes again until no record of it failed.

use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use final_program::relay_of;
use orders::messages::{Head, OrderApproved, OrderCreated};
use outbox_relay::lambda::{self, Sweep};
use serde_json::{Value, json};
use transactional_messaging::{
    message::{Context, Sequence, Subject},
    outbox::{Outbox, partition_of},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::{
    trial::{Job, Part},
    world::{Process, World},
};

const OUTBOX: &str = "orders-outbox";

pub(crate) const RELAY: Part =
    Part { name: "relay", calls: 4, prepare: |world, seed| Box::pin(relay(world, seed)) };
pub(crate) const SWEEPER: Part =
    Part { name: "sweeper", calls: 12, prepare: |world, seed| Box::pin(sweeper(world, seed)) };

pub(crate) fn subject_of(seed: u64) -> Subject {
    Subject::aggregate("order", Uuid::from_u64_pair(3, seed))
}

/// Two messages of one subject, neither of which is published.
pub(crate) async fn stored(world: &World, seed: u64) -> Subject {
    stored_by(world.process(), world.customer, seed).await;
    subject_of(seed)
}

/// The same, in one transaction of this process.
pub(crate) async fn stored_by(process: Process, customer: Uuid, seed: u64) {
    let (id, subject) = (Uuid::from_u64_pair(3, seed), subject_of(seed));
    let head = |state| Head {
        event_id: process.id(),
        correlation_id: id,
        order_id: id,
        customer_id: customer,
        state,
        created_at: process.now(),
    };
    let outbox = Outbox::new(OUTBOX, "/orders");
    let mut work = UnitOfWork::<()>::new(process.id());
    let (place, context) = (|index| (&subject, Sequence::of(0, index)), Context::of_request(id));
    let created = OrderCreated { head: head("PENDING"), order_total: 7 };
    outbox.publish(&mut work, place(0), &context, &created, ()).unwrap();
    outbox.publish(&mut work, place(1), &context, &OrderApproved { head: head("APPROVED") }, ()).unwrap();
    work.commit(&DynamoDb::new(aws_sdk_dynamodb::Client::new(process.aws()))).await.unwrap();
}

async fn relay(world: &World, seed: u64) -> Job {
    let subject = stored(world, seed).await;
    let records = [1, 2].map(|sequence: u64| {
        json!({"eventID": sequence.to_string(), "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": sequence.to_string(), "SizeBytes": 26,
            "StreamViewType": "KEYS_ONLY",
            "Keys": {"PK": {"S": partition_of(&subject)}, "SK": {"S": format!("{sequence:020}")}}}})
    });
    let event: Event = serde_json::from_value(json!({"Records": records})).unwrap();
    let work = move |process| {
        let event = event.clone();
        async move {
            let failed = lambda::handle(&relay_of(&process, OUTBOX), event).await.batch_item_failures.len();
            if failed == 0 { Ok(()) } else { Err(format!("{failed} records failed")) }
        }
    };
    Job::new(work, move |world: &World| Box::pin(async move { judge(world, &subject).await }))
}

async fn sweeper(world: &World, seed: u64) -> Job {
    let subject = stored(world, seed).await;
    tokio::time::advance(Duration::from_secs(600)).await;
    let work = |process| async move {
        let swept = lambda::sweep_once(&relay_of(&process, OUTBOX), Sweep { older_than_seconds: 300 }).await;
        swept.map(drop).map_err(|error| error.to_string())
    };
    Job::new(work, move |world: &World| Box::pin(async move { judge(world, &subject).await }))
}

/// Both messages were published in their order, each with the same bytes every time, and that is noted.
pub(crate) async fn judge(world: &World, subject: &Subject) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = world.outbox("orders", subject).await;
    let (heads, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row["SK"] == "#HEAD");
    let stored: Vec<_> = rows.iter().filter_map(|row| row.get("Message")?.as_str()).collect();
    if stored.len() != 2 {
        wrong.push(format!("{} messages are stored, not 2", stored.len()));
    }
    if rows.iter().any(|row| row.contains_key("PendingShard")) {
        wrong.push("a row is still pending".to_owned());
    }
    let watermark = heads.first().and_then(|head| head.get("Watermark")?.as_str());
    if watermark != rows.last().and_then(|row| row["SK"].as_str()) {
        wrong.push(format!("the watermark is {watermark:?}"));
    }
    if heads.iter().any(|head| head.contains_key("Parked")) {
        wrong.push("the subject is parked".to_owned());
    }
    let heard = world.heard().await.remove(subject.as_str()).unwrap_or_default();
    let mut first: Vec<&str> = Vec::new();
    for text in &heard {
        if !first.contains(&text.as_str()) {
            first.push(text);
        }
    }
    if first != stored {
        wrong.push(format!("heard was {:?}", first.iter().map(|text| kind_of(text)).collect::<Vec<_>>()));
    }
    wrong
}

fn kind_of(envelope: &str) -> String {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    format!("{} {}", envelope["sequence"], envelope["type"])
}
