//! The same on the embedded DynamoDB: what holds in memory holds there, and a log that is replayed after a
//! year changes nothing.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use local_aws::InMemoryAws;
use orders::domain::State;
use time::{Duration, OffsetDateTime};
use transactional_messaging::{
    ambient::{Ambient, Clock, Ids},
    provision::ensure_service,
};
use unit_of_work::{DynamoDb, Item, MemoryDatabase};
use uuid::Uuid;

use super::at_any_time::{Beginning, Place, Step};
use super::system::{Look, Sent, System, settings};
use crate::desk::NOW;

impl Look for DynamoDb {
    async fn items(&self, table: &str) -> Vec<Item> {
        let pages =
            self.client().scan().table_name(table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.unwrap()
    }
}

/// A clock that is set, and ids that count.
#[derive(Debug)]
struct Moved {
    days: AtomicI64,
    ids: AtomicU64,
}

impl Clock for Moved {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::days(self.days.load(Ordering::SeqCst))
    }
}

impl Ids for Moved {
    fn next(&self) -> Uuid {
        Uuid::from_u128(1_000_000 + u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }
}

async fn database() -> DynamoDb {
    let config = InMemoryAws::new().unwrap().sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let customers = customers::service::resources(&settings("customers", customers::service::TABLE_VARIABLE));
    let orders = orders::service::resources(&settings("orders", orders::service::TABLE_VARIABLE));
    for service in [customers, orders] {
        ensure_service(&dynamodb, &sns, &sqs, &service).await.unwrap();
    }
    DynamoDb::new(dynamodb)
}

/// Delivers what was not delivered yet, those with the latest sequence first, until nothing is left; some of
/// them are kept back.
async fn deliver_all(system: &System<DynamoDb>, kept_back: &str, delivered: &mut Vec<Sent>) {
    loop {
        let mut fresh = system.sent().await;
        fresh.retain(|message| !delivered.contains(message) && message.kind != kept_back);
        if fresh.is_empty() {
            return;
        }
        for message in fresh.into_iter().rev() {
            system.deliver(&message).await.unwrap();
            delivered.push(message);
        }
    }
}

/// Some of the lives that the test in memory goes through all of: DynamoDB stores the same at every step's
/// end, to the letter.
#[tokio::test(start_paused = true)]
async fn lives_on_dynamodb_are_those_in_memory() {
    let (mut ends, mut draw) = (BTreeSet::new(), 1_u64);
    for life in 0..12 {
        let beginning = Beginning { limit: 100, is_known: life % 3 > 0, may_come: life % 3 == 0 };
        let mut there = Place::begin(database().await, beginning).await;
        let mut here = Place::begin(MemoryDatabase::new(), beginning).await;
        for turn in 1.. {
            let mut next = here.next_steps(beginning).await;
            if life % 2 == 0 && next.len() > 1 {
                // Such a life ends before its time is up.
                next.retain(|step| *step != Step::TimeIsUp);
            }
            // The multiplier of MMIX's generator (Knuth).
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(draw >> 33).unwrap() % next.len().max(1);
            let Some(step) = next.get(place) else { break };
            here.take(beginning, step.clone()).await;
            there.take(beginning, step.clone()).await;
            assert_eq!(there.system.state().await, here.system.state().await, "life {life}, turn {turn}");
        }
        assert_eq!(there.check_end().await, here.check_end().await);
        ends.insert(format!("{:?}", here.check_end().await));
    }
    assert!(ends.len() >= 3, "{ends:?}");
}

/// Two customers and one that does not exist; orders that are approved, over the limit, cancelled, given up
/// before anybody heard of them, and given up after they were reserved.
#[tokio::test(start_paused = true)]
async fn a_log_of_last_year_replayed_into_empty_inboxes_changes_nothing() {
    let moved = Arc::new(Moved { days: AtomicI64::new(0), ids: AtomicU64::new(0) });
    let system = System::new(database().await, Ambient::new(moved.clone(), moved.clone()));
    let (ada, bob, nobody) = (Uuid::from_u128(0xA), Uuid::from_u128(0xB), Uuid::from_u128(0xC));
    system.create_customer(ada, 100).await;
    system.create_customer(bob, 1_000).await;
    let order = |number: u128| Uuid::from_u128(0xE00 + number);
    for (number, customer, total) in
        [(0, ada, 60), (1, ada, 60), (2, ada, 30), (3, bob, 999), (4, nobody, 1), (5, bob, 1)]
    {
        system.place(order(number), customer, total).await;
    }
    let mut delivered = Vec::new();
    deliver_all(&system, "", &mut delivered).await;
    for number in [2, 5] {
        system.cancel(order(number)).await.unwrap();
    }
    system.place(order(6), bob, 1).await;
    deliver_all(&system, "CustomerCreditReserved", &mut delivered).await;
    system.place(order(7), nobody, 1).await;
    for number in 0..8 {
        system.give_up(order(number)).await;
    }
    deliver_all(&system, "", &mut delivered).await;

    let mut ends = Vec::new();
    for number in 0..8 {
        ends.push(system.order(order(number)).await.state);
    }
    for end in [State::Approved, State::Rejected, State::TimedOut, State::Cancelled] {
        assert!(ends.contains(&end), "{ends:?}");
    }
    let (state, handled) = (system.state().await, system.handled().await);

    moved.days.store(366, Ordering::SeqCst);
    system.forget(None).await;
    assert!(system.handled().await.is_empty());
    let log = system.sent().await;
    // Once in the order of the tables, once the other way round.
    for message in log.iter().chain(log.iter().rev()) {
        system.deliver(message).await.unwrap();
    }
    assert_eq!(system.state().await, state);
    assert_eq!(system.handled().await, handled, "each was handled by the same consumers");
}
