//! Many orders, of one customer and of many: all of them get the right answer, at few calls each, and one
//! customer's orders do not make those of others late.

use std::{collections::BTreeMap, time::Duration};

use customers::{
    domain::{Money, Name},
    messages::ORDER_CREATED,
    service,
    use_cases::Customers,
    wiring::wiring,
};
use local_aws::InMemoryAws;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    consumer::{ConsumerGroup, ConsumerSettings},
    provision::ensure_service,
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

use crate::{
    ambient,
    desk::{ADA, OUTBOX, context, order_created_text, settings},
    queues,
    wire::{Fault, Wire},
};

const ORDERS: u128 = 1_000;
const TOTAL: u64 = 7;
/// Enough for 400 of the orders, and not a cent more.
const LIMIT: u64 = 400 * TOTAL;
/// What a call to DynamoDB takes. Without it nobody would ever come between a read and its commit.
const LATENCY: Duration = Duration::from_millis(5);

/// A process of the service: consumers, ids and a way to AWS of its own.
struct Process {
    wire: Wire,
    group: ConsumerGroup,
}

impl Process {
    async fn start(aws: &InMemoryAws, number: u64, stop: &CancellationToken) -> Self {
        let wire = Wire::to(aws.clone());
        for operation in ["GetItem", "TransactWriteItems", "ReceiveMessage", "DeleteMessageBatch"] {
            wire.inject(operation, usize::MAX, Fault::Slow(LATENCY));
        }
        let config = wire.sdk_config();
        let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
        let service =
            service::use_cases(database, &settings(), ambient::of(aws, number * 1_000_000)).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let mut group = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop.clone());
        wiring().start(&mut group, &service).await.unwrap();
        Self { wire, group }
    }
}

/// Everything that a table holds, by its key.
async fn scan(aws: &InMemoryAws, table: &str) -> Vec<unit_of_work::Item> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    let pages = dynamodb.scan().table_name(table).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.unwrap()
}

/// How many rows have which text in this attribute.
fn count(rows: &[unit_of_work::Item], attribute: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in rows.iter().filter_map(|row| row.get(attribute)?.as_s().ok()) {
        *counts.entry(text.clone()).or_default() += 1;
    }
    counts
}

/// The service's resources, with these customers.
async fn open(customers: &[Uuid]) -> (InMemoryAws, Customers<DynamoDb>, aws_sdk_sqs::Client) {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let sns = aws_sdk_sns::Client::new(&config);
    ensure_service(&dynamodb, &sns, &sqs, &service::resources(&settings())).await.unwrap();
    let desk = service::use_cases(DynamoDb::new(dynamodb), &settings(), ambient::of(&aws, 1)).unwrap();
    for id in customers {
        let limit = Money::new(LIMIT).unwrap();
        desk.create(&context(), *id, Name::new("Ada").unwrap(), limit).await.unwrap();
    }
    (aws, desk, sqs)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_orders_of_one_customer_all_end_right_with_few_commits_and_no_dead_letter() {
    let (aws, desk, sqs) = open(&[ADA]).await;
    for order in 1..=ORDERS {
        let text = order_created_text(ADA, order, order, TOTAL);
        queues::send(&sqs, ORDER_CREATED.name(), &text).await;
    }

    let stop = CancellationToken::new();
    let mut processes = Vec::new();
    for number in 1..=3 {
        processes.push(Process::start(&aws, number, &stop).await);
    }
    while queues::counts(&sqs, ORDER_CREATED.name()).await != (0, 0) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    stop.cancel();
    let mut commits = 0;
    for process in processes {
        process.group.stopped().await;
        commits += process.wire.count("TransactWriteItems");
    }

    assert_eq!(queues::counts(&sqs, &format!("{}--dlq", ORDER_CREATED.name())).await, (0, 0));
    let ada = desk.find(ADA).await.unwrap().unwrap();
    assert_eq!((ada.available_credit(), ada.version), (Money::ZERO, 400));
    let decisions = count(&scan(&aws, "customers").await, "Decision");
    assert_eq!(decisions, BTreeMap::from([("REFUSED".into(), 600), ("RESERVED".into(), 400)]));
    let events = count(&scan(&aws, OUTBOX).await, "Kind");
    let refused = ("CustomerCreditReservationFailed".into(), 600);
    let reserved = ("CustomerCreditReserved".into(), 400);
    assert_eq!(events, BTreeMap::from([("CustomerCreated".into(), 1), refused, reserved]));
    assert!(commits as u128 * 2 <= ORDERS * 3, "{commits} commits for {ORDERS} orders");
}

/// How long an order of each of ten customers takes until it is decided, when so many orders of another
/// customer come before each, twice as fast as they can be decided.
async fn latencies(hot: u128) -> Vec<Duration> {
    let others: Vec<_> = (1..=10).map(|number| Uuid::from_u128(0x0DD0 + number)).collect();
    let (aws, desk, sqs) = open(&[&others[..], &[ADA]].concat()).await;
    let (stop, mut order) = (CancellationToken::new(), 0);
    let process = Process::start(&aws, 1, &stop).await;
    let mut deciding = tokio::task::JoinSet::new();
    for other in others {
        for _ in 0..hot {
            order += 1;
            queues::send(&sqs, ORDER_CREATED.name(), &order_created_text(ADA, order, order, TOTAL)).await;
            tokio::time::sleep(LATENCY).await;
        }
        order += 1;
        queues::send(&sqs, ORDER_CREATED.name(), &order_created_text(other, order, order, TOTAL)).await;
        let (sent, desk) = (Instant::now(), desk.clone());
        deciding.spawn(async move {
            while desk.find(other).await.unwrap().unwrap().version == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            sent.elapsed()
        });
    }
    let mut latencies = deciding.join_all().await;
    latencies.sort();
    stop.cancel();
    process.group.stopped().await;
    latencies
}

#[tokio::test(start_paused = true)]
async fn a_hundred_orders_of_one_customer_make_those_of_others_wait_half_as_long_again_at_most() {
    let (alone, beside) = (latencies(0).await, latencies(10).await);
    assert!(beside[5] * 2 <= alone[5] * 3 && beside[9] * 2 <= alone[9] * 3, "{beside:?} against {alone:?}");
}

/// A read and a commit for each, and three tenths of a call to receive and to delete it.
#[tokio::test(start_paused = true)]
async fn a_hundred_orders_cost_two_calls_and_three_tenths_each() {
    let customers: Vec<_> = (1..=100).map(|number| Uuid::from_u128(0x0DD0 + number)).collect();
    let (aws, _, sqs) = open(&customers).await;
    for (customer, order) in customers.into_iter().zip(1..) {
        queues::send(&sqs, ORDER_CREATED.name(), &order_created_text(customer, order, order, TOTAL)).await;
    }
    let stop = CancellationToken::new();
    let process = Process::start(&aws, 1, &stop).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(queues::counts(&sqs, ORDER_CREATED.name()).await, (0, 0));
    let count = |operation| process.wire.count(operation);
    assert_eq!((count("GetItem"), count("TransactWriteItems")), (100, 100));
    // Three consumers, each of which has a poll under way.
    let queue = count("ReceiveMessage") - 3 + count("DeleteMessageBatch");
    assert!(queue <= 30, "{queue} calls to receive and delete");
    stop.cancel();
    process.group.stopped().await;
}
