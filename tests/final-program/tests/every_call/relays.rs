//! Relay and sweeper: a batch comes again until no record of it failed.

use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use final_program::relay_of;
use outbox_relay::lambda::{self, Sweep};
use serde_json::Value;

use crate::{
    emerging,
    stored::{OUTBOX, Stored, stored},
    trial::{Job, Part},
    world::{Process, World, rename},
};

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
            let unparked = relay_of(&process, OUTBOX).unpark(&stored.subject).await;
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

/// All messages were published in their order, each with the bytes that were stored, and nothing of them
/// waits any more.
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
