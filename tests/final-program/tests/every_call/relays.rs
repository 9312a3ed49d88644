//! Relay and sweeper: a batch comes again until no record of it failed.

use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use customers::messages::{CustomerCreated, CustomerCreditReserved, Head};
use final_program::relay_of;
use outbox_relay::lambda::{self, Sweep};
use serde_json::{Value, json};
use transactional_messaging::{
    message::{Context, Place, Sequence, Subject},
    outbox::{Outbox, partition_of},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::{
    emerging,
    trial::{Job, Part},
    world::{Process, World, rename},
};

pub(crate) const OUTBOX: &str = "customers-outbox";

pub(crate) const RELAY: Part =
    Part { name: "relay", calls: 5, prepare: |world, seed| Box::pin(relay(world, seed)) };
pub(crate) const SWEEPER: Part =
    Part { name: "sweeper", calls: 5, prepare: |world, seed| Box::pin(sweeper(world, seed)) };
pub(crate) const EMERGING: Part = Part {
    name: "relay, emerging rows",
    calls: 7,
    prepare: |world, seed| Box::pin(emerging_rows(world, seed)),
};
pub(crate) const PARKED: Part =
    Part { name: "relay, a damaged row", calls: 8, prepare: |world, seed| Box::pin(parked(world, seed)) };

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
    let head =
        || Head { event_id: process.id(), correlation_id: id, customer_id: id, created_at: process.now() };
    let reserved = |number| CustomerCreditReserved { head: head(), order_id: Uuid::from_u64_pair(4, number) };
    let outbox = Outbox::new(OUTBOX, "/customers");
    let mut work = UnitOfWork::<()>::new(process.id());
    let (sequence, context) = (|index| Sequence::of(0, index), Context::of_request(id));
    let first = Place::first(subject.clone(), sequence(0));
    let created = CustomerCreated { head: head(), name: "Ada".to_owned(), credit_limit: 7 };
    outbox.publish(&mut work, &first, &context, &created, ()).unwrap();
    for index in 1..3 {
        let behind = Place::after(subject.clone(), sequence(index), sequence(index - 1));
        outbox.publish(&mut work, &behind, &context, &reserved(index), ()).unwrap();
    }
    work.commit(&DynamoDb::new(aws_sdk_dynamodb::Client::new(process.aws()))).await.unwrap();
    let rows = world.outbox("customers", &subject).await;
    let texts = rows.iter().map(|row| row["Message"].as_str().unwrap().to_owned()).collect();
    Stored { subject, texts }
}

async fn handle(process: &Process, event: Event) -> Result<(), String> {
    let failed = lambda::handle(&relay_of(process, OUTBOX), event).await.batch_item_failures.len();
    if failed == 0 { Ok(()) } else { Err(format!("{failed} records failed")) }
}

async fn relay(world: &World, seed: u64) -> Job {
    let stored = stored(world, seed).await;
    let event = stored.records(&[0, 1, 2]);
    let work = move |process| {
        let event = event.clone();
        async move { handle(&process, event).await }
    };
    judged(work, stored)
}

async fn sweeper(world: &World, seed: u64) -> Job {
    let stored = stored(world, seed).await;
    tokio::time::advance(Duration::from_secs(600)).await;
    let work = |process| async move {
        let swept = lambda::sweep_once(&relay_of(&process, OUTBOX), Sweep { older_than_seconds: 300 }).await;
        swept.map(drop).map_err(|error| error.to_string())
    };
    judged(work, stored)
}

/// The rows become visible one after the other, in any sequence; and a row's record is there when the row is.
async fn emerging_rows(world: &World, seed: u64) -> Job {
    let stored = stored(world, seed).await;
    let emerging = emerging::again(world, &stored, seed).await;
    let of_job = stored.clone();
    let work = move |process| {
        let (stored, mut emerging) = (of_job.clone(), emerging.clone());
        async move {
            // Whatever comes of it: it may be that the row's turn has not come.
            handle(&process, stored.records(&emerging.sequence[..1])).await.ok();
            emerging.over().await;
            handle(&process, stored.records(&emerging.sequence)).await
        }
    };
    judged(work, stored)
}

/// A row in the middle cannot be sent. Somebody mends it, and unparks the subject.
async fn parked(world: &World, seed: u64) -> Job {
    let stored = stored(world, seed).await;
    rename(&world.aws.sdk_config(), OUTBOX, stored.key(1), "Topic", "Mislaid").await.unwrap();
    let of_job = stored.clone();
    let work = move |process: Process| {
        let stored = of_job.clone();
        async move {
            handle(&process, stored.records(&[0, 1, 2])).await?;
            // A row that is sound or gone stays so.
            rename(process.aws(), OUTBOX, stored.key(1), "Mislaid", "Topic").await.ok();
            let unparked = relay_of(&process, OUTBOX).unpark(&stored.partition()).await;
            unparked.map(drop).map_err(|error| error.to_string())
        }
    };
    judged(work, stored)
}

pub(crate) fn judged<F>(work: impl Fn(Process) -> F + 'static, stored: Stored) -> Job
where
    F: Future<Output = Result<(), String>> + 'static,
{
    Job::new(work, move |world: &World| Box::pin(async move { judge(world, &stored).await }))
}

/// All messages were published in their order, each with the bytes that were stored, and nothing of them waits any more.
async fn judge(world: &World, stored: &Stored) -> Vec<String> {
    let mut wrong = Vec::new();
    let left = world.outbox("customers", &stored.subject).await;
    if !left.is_empty() {
        wrong.push(format!("left in the outbox is {left:?}"));
    }
    let heard = world.heard().await.remove(stored.subject.as_str()).unwrap_or_default();
    let mut first: Vec<&String> = Vec::new();
    for text in &heard {
        if !first.contains(&text) {
            first.push(text);
        }
    }
    if first != stored.texts.iter().collect::<Vec<_>>() {
        wrong.push(format!("heard was {:?}", first.iter().map(|text| kind_of(text)).collect::<Vec<_>>()));
    }
    wrong
}

fn kind_of(envelope: &str) -> String {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    format!("{} {}", envelope["sequence"], envelope["type"])
}
