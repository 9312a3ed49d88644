//! The drill: tables that come back to different moments, reconciled, and everything holds again.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use transactional_messaging::message::Context;
use unit_of_work::Item;
use uuid::Uuid;

use crate::{
    running::{Running, assert_invariants, text},
    world::{World, until},
};

/// What is restored.
const TABLES: [&str; 8] = [
    "orders",
    "orders-inbox",
    "orders-outbox",
    "orders-sent",
    "customers",
    "customers-inbox",
    "customers-outbox",
    "customers-sent",
];

/// How many orders are lost at once.
const ORDERS: usize = 40;

/// The tables at one moment.
type Moment = BTreeMap<&'static str, Vec<Item>>;

async fn moment(world: &World) -> Moment {
    let mut all = Moment::new();
    for table in TABLES {
        all.insert(table, world.items(table).await);
    }
    all
}

fn key(item: &Item) -> Item {
    let keys = item.iter().filter(|(name, _)| ["PK", "SK"].contains(&name.as_str()));
    keys.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Brings a table back to what it was.
async fn restore(world: &World, table: &str, items: &[Item]) {
    let name = format!("live-{table}");
    for item in world.items(table).await {
        world.dynamodb.delete_item().table_name(&name).set_key(Some(key(&item))).send().await.unwrap();
    }
    for item in items {
        world.dynamodb.put_item().table_name(&name).set_item(Some(item.clone())).send().await.unwrap();
    }
}

/// A system that has led a life: a moment after each of its days, the last one at rest.
async fn life(world: &World) -> Vec<Moment> {
    let (rich, poor) = (world.customer("Ada Lovelace").await, world.customer("Grace Hopper").await);
    world.limit(poor, 250).await;
    let running = Running::start(world).await;
    let (mut placed, mut moments) = (Vec::new(), Vec::new());
    for day in 0..6 {
        for customer in [rich, poor, rich] {
            placed.push(world.order(customer).await);
        }
        // Some are looked at while all is under way, and some at rest.
        if day % 2 == 0 {
            until(|| async { world.orders.find(placed[day]).await.unwrap().unwrap().version > 0 }).await;
            let context = Context::of_request(Uuid::now_v7());
            // A rejected one is not cancelled.
            drop(world.orders.cancel(&context, placed[day]).await);
        }
        moments.push(moment(world).await);
    }
    running.rest(world).await;
    assert_invariants(world).await;
    moments.push(moment(world).await);
    moments
}

async fn findings(world: &World) -> Vec<Value> {
    let said = world.txm(&["reconcile", "--json"]).await;
    let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let findings = value["findings"].as_array().unwrap().clone();
    assert_eq!(said.code, Some(i32::from(!findings.is_empty())), "{said:?}");
    findings
}

/// Mends everything, starts the services, and sees that everything holds.
async fn mend_and_run(world: &World) {
    let done = world.json(&["reconcile", "--yes"]).await;
    assert_eq!(done["left_over"], 0, "{done:#}");
    assert_eq!(findings(world).await, Vec::<Value>::new(), "what was mended is not found again");
    Running::start(world).await.rest(world).await;
    assert_invariants(world).await;
    assert_eq!(findings(world).await, Vec::<Value>::new(), "at rest nothing disagrees");
}

/// Every order that only the customers service still knew is named as lost.
fn assert_losses_said(world: &World, restored: &Moment) {
    let notes = std::fs::read_to_string(world.folder.join("reconciled.jsonl")).unwrap_or_default();
    let known: BTreeSet<_> = restored["orders"].iter().map(|order| text(order, "OrderId")).collect();
    for decision in restored["customers"].iter().filter(|item| text(item, "Decision") == "RESERVED") {
        let order = text(decision, "OrderId");
        let is_it = |line: &str| line.contains(order) && line.contains("it has to be placed again");
        let is_said = notes.lines().any(is_it);
        assert_eq!(is_said, !known.contains(order), "{order} in {notes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_restored_to_different_moments_agree_again_and_what_was_lost_is_said() {
    let world = World::new("drill").await;
    let moments = life(&world).await;
    assert_eq!(findings(&world).await, Vec::<Value>::new(), "a system at rest agrees");
    let last = moments.len() - 1;
    // One service older than the other; then each table another moment.
    let both =
        |orders, customers| [orders, orders, orders, orders, customers, customers, customers, customers];
    let drills = [
        both(2, last),
        both(last, 2),
        both(1, 3),
        [0, 4, 2, last, 3, 1, last, 2],
        [5, last, 1, 0, 2, last, 4, 3],
    ];
    let mut found = BTreeSet::new();
    for drill in drills {
        drop(std::fs::remove_file(world.folder.join("reconciled.jsonl")));
        let mut restored = Moment::new();
        for (table, at) in TABLES.into_iter().zip(drill) {
            restore(&world, table, &moments[at][table]).await;
            restored.insert(table, moments[at][table].clone());
        }
        found.extend(findings(&world).await.iter().map(|one| one["rule"].as_str().unwrap().to_owned()));
        mend_and_run(&world).await;
        assert_losses_said(&world, &restored);
    }
    assert!(found.len() >= 4, "the drills are too easy: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconciliation_that_was_killed_goes_on_and_its_losses_are_noted() {
    let world = World::new("reconcile-killed").await;
    let customer = world.customer("Ada Lovelace").await;
    for _ in 0..ORDERS {
        world.order(customer).await;
    }
    Running::start(&world).await.rest(&world).await;
    let mut restored = moment(&world).await;
    restore(&world, "orders", &[]).await;
    restored.insert("orders", Vec::new());
    let file = world.folder.join("reconciled.jsonl");
    let lines = || std::fs::read_to_string(&file).map_or(0, |text| text.lines().count());
    let child = world.command(&["reconcile", "--yes"]).spawn().unwrap();
    until(|| async { lines() >= ORDERS / 3 }).await;
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    let killed = child.wait_with_output().await.unwrap();
    assert_eq!(killed.status.code(), None, "it ended by itself before it was killed");
    let before = lines();
    let left = findings(&world).await.len();
    assert!(before < ORDERS && left >= ORDERS - before, "{before} noted, {left} left");
    mend_and_run(&world).await;
    assert_losses_said(&world, &restored);
}

impl World {
    /// Another credit limit.
    pub(crate) async fn limit(&self, customer: Uuid, limit: u64) {
        let request = self.dynamodb.update_item().table_name("live-customers");
        let request = request
            .key("PK", AttributeValue::S(format!("CUSTOMER#{customer}")))
            .update_expression("SET CreditLimit = :limit")
            .expression_attribute_values(":limit", AttributeValue::N(limit.to_string()));
        request.send().await.unwrap();
    }
}
