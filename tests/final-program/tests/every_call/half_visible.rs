//! Transactions that become visible item by item: the relay works meanwhile, and a consumer is told of what
//! it cannot read yet.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lambda_events::event::dynamodb::Event;
use customers::messages::ORDER_CREATED;
use final_program::{customers_service, orders_service, relay_of};
use local_aws::mapping::{EventSourceMapping, Filter, MappingSettings};
use orders::messages::CREDIT_RESERVED;
use outbox_relay::lambda;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{consumer::Delivery, message::Subject, outbox::partition_of};
use uuid::Uuid;

use crate::{
    consumers::handler,
    http::judge_order,
    outside::{id_of, post},
    trial::{Job, Part},
    wire::Faults,
    world::{LIMIT, Process, World, message, same},
};

pub(crate) const TWO_COMMITS: Part = Part {
    name: "relay: two commits, the first half visible",
    calls: 8,
    prepare: |world, seed| Box::pin(two_commits(world, seed)),
};
pub(crate) const APPROVE: Part = Part {
    name: "approve: order half visible",
    calls: 2,
    prepare: |world, seed| Box::pin(approve(world, seed)),
};

/// Longer than every pause between retries of a batch together.
const UNTIL_SENT: Duration = Duration::from_secs(120);

/// Credit for two orders of one customer: the second is reserved on top of the first, whose row may be
/// visible later.
async fn two_commits(world: &World, seed: u64) -> Job {
    let body = json!({"name": "Ada", "credit_limit": LIMIT});
    let customer =
        post(&world.process(), "/customers", &format!("half-visible-{seed}"), &body).await.unwrap();
    tokio::spawn(reserve(Faults::half_visible(seed).process(world), customer, 2 * seed));
    let (process, pause) = (world.process(), fastrand::Rng::with_seed(seed).u64(0..4_000));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        reserve(process, customer, 2 * seed + 1).await;
    });
    relayed(world, "customers-outbox", Subject::aggregate("customer", customer), 3).await
}

/// Comes again until it is done, as a message does.
async fn reserve(process: Process, customer: Uuid, number: u64) {
    let data = json!({"order_id": Uuid::from_u64_pair(5, number), "customer_id": customer, "order_total": 1});
    let body = message("OrderCreated", number, &data);
    let service = customers_service(&process);
    while service.clone().reserve_credit(Delivery::parse(ORDER_CREATED, &body).unwrap()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The relay behind the event source mapping of the table, until it has acknowledged so many new rows of the
/// subject.
async fn relayed(world: &World, outbox: &'static str, subject: Subject, rows: usize) -> Job {
    let streams = aws_sdk_dynamodbstreams::Client::new(&world.aws.sdk_config());
    let answer = streams.list_streams().table_name(outbox).send().await.unwrap();
    let arn = answer.streams()[0].stream_arn().unwrap().to_owned();
    let of_subject =
        json!({"eventName": ["INSERT"], "dynamodb": {"Keys": {"PK": {"S": [partition_of(&subject)]}}}});
    let settings = MappingSettings {
        filter_criteria: vec![Filter::parse(&of_subject.to_string()).unwrap()],
        report_batch_item_failures: true,
        ..MappingSettings::default()
    };
    let work = move |process: Process| {
        let mapping = EventSourceMapping::new(streams.clone(), &arn, settings.clone());
        async move {
            let (stop, acknowledged) = (CancellationToken::new(), Arc::new(Mutex::new(HashSet::new())));
            let enough = stop.clone();
            let invoke = move |event: Event| {
                let (process, enough, acknowledged) = (process.clone(), enough.clone(), acknowledged.clone());
                async move {
                    let keys: Vec<_> = event.records.iter().map(|record| record.event_id.clone()).collect();
                    let answer = lambda::handle(&relay_of(&process, outbox), event).await;
                    if answer.batch_item_failures.is_empty() {
                        let mut acknowledged = acknowledged.lock().unwrap();
                        acknowledged.extend(keys);
                        if acknowledged.len() >= rows {
                            enough.cancel();
                        }
                    }
                    Ok::<_, String>(answer)
                }
            };
            match tokio::time::timeout(UNTIL_SENT, mapping.run(invoke, stop)).await {
                Ok(ended) => ended.map_err(|error| error.to_string()),
                Err(_) => Err(format!("{rows} rows were not acknowledged")),
            }
        }
    };
    Job::new(work, move |world: &World| Box::pin(async move { judge(world, &subject, rows).await }))
}

/// All messages were heard, each the first time in its order.
async fn judge(world: &World, subject: &Subject, messages: usize) -> Vec<String> {
    let heard = world.heard().await.remove(subject.as_str()).unwrap_or_default();
    let mut first: Vec<String> = Vec::new();
    for text in &heard {
        let sequence = serde_json::from_str::<Value>(text).unwrap()["sequence"].to_string();
        if !first.contains(&sequence) {
            first.push(sequence);
        }
    }
    let mut wrong = Vec::new();
    same(&mut wrong, "the number of messages that were heard", first.len(), messages);
    if !first.is_sorted() {
        wrong.push(format!("heard was {first:?}"));
    }
    wrong
}

async fn approve(world: &World, seed: u64) -> Job {
    let key = format!("half-visible-{seed}");
    let id = id_of("order", &key);
    let (process, body) =
        (Faults::half_visible(seed).process(world), json!({"customer_id": world.customer, "order_total": 7}));
    tokio::spawn(async move { post(&process, "/orders", &key, &body).await });
    let body = message("CustomerCreditReserved", seed, &json!({"order_id": id}));
    let work = handler!(body, orders_service, approve, CREDIT_RESERVED);
    Job::new(work, move |world: &World| {
        Box::pin(async move { judge_order(world, id, "APPROVED", &["OrderCreated", "OrderApproved"]).await })
    })
}
