//! A planted defect for each rule of `reconcile`: it is found, and nothing else; mended, it is gone, and the
//! system comes to rest.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use transactional_messaging::message::Context;
use unit_of_work::Item;
use uuid::Uuid;

use crate::{
    running::{Running, assert_invariants, text},
    world::World,
};

/// What an order became before anything was planted.
enum Became {
    Approved,
    Cancelled,
    Rejected,
}

/// Orders at rest, one for each defect, each of a customer of its own.
struct Planting {
    world: World,
    expected: BTreeSet<(String, String)>,
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

impl Planting {
    /// The order that led this life, and its customer.
    async fn order(&self, became: &Became) -> (Uuid, Uuid) {
        let customer = self.world.customer("Ada Lovelace").await;
        if matches!(became, Became::Rejected) {
            self.world.limit(customer, 50).await;
        }
        (self.world.order(customer).await, customer)
    }

    fn expect(&mut self, rule: &str, about: impl Into<String>) {
        self.expected.insert((rule.to_owned(), about.into()));
    }

    async fn item(&self, table: &str, partition: &str) -> Item {
        let items = self.world.items(table).await;
        items.into_iter().find(|item| text(item, "PK") == partition).unwrap()
    }

    async fn put(&self, table: &str, item: Item) {
        let put = self.world.dynamodb.put_item().table_name(format!("live-{table}"));
        put.set_item(Some(item)).send().await.unwrap();
    }

    async fn delete(&self, table: &str, partition: &str, sort: Option<&str>) {
        let delete = self.world.dynamodb.delete_item().table_name(format!("live-{table}"));
        let sort = sort.map(|sort| ("SK".to_owned(), s(sort)));
        let key: Item = [("PK".to_owned(), s(partition))].into_iter().chain(sort).collect();
        delete.set_key(Some(key)).send().await.unwrap();
    }

    /// The order as it was in another state and version.
    async fn back(&self, order: Uuid, state: &str, version: u64) {
        let mut item = self.item("orders", &format!("ORDER#{order}")).await;
        item.insert("State".to_owned(), s(state));
        item.insert("Version".to_owned(), n(version));
        self.put("orders", item).await;
    }

    /// The customer as it was before it decided about the order.
    async fn undecided(&self, (order, customer): (Uuid, Uuid)) {
        self.delete("customers", &format!("CUSTOMER#{customer}#ORDER#{order}"), None).await;
        self.reserved(customer, 0).await;
    }

    async fn reserved(&self, customer: Uuid, reserved: u64) {
        let mut item = self.item("customers", &format!("CUSTOMER#{customer}")).await;
        item.insert("CreditReserved".to_owned(), n(reserved));
        self.put("customers", item).await;
    }

    async fn decision(&self, (order, customer): (Uuid, Uuid), decision: &str, amount: u64) {
        let mut item = self.item("customers", &format!("CUSTOMER#{customer}#ORDER#{order}")).await;
        item.insert("Decision".to_owned(), s(decision));
        item.insert("Amount".to_owned(), n(amount));
        self.put("customers", item).await;
    }

    /// The row of a message that was sent, as it lay in the outbox.
    async fn sent(&self, service: &str, subject: &str, kind: &str) -> Item {
        let items = self.world.items(&format!("{service}-sent")).await;
        let is_it =
            |item: &&Item| text(item, "PK") == format!("SUBJECT#{subject}") && text(item, "Kind") == kind;
        let mut row = items.iter().find(is_it).unwrap().clone();
        row.remove("SentAt");
        row.remove("ExpiresAt");
        row
    }

    /// Rows of an outbox that tell of what is not there.
    async fn rows(&mut self, orders: &[(Uuid, Uuid)]) {
        let ahead = format!("order/{}", orders[0].0);
        let mut row = self.sent("orders", &ahead, "OrderApproved").await;
        row.insert("SK".to_owned(), s(format!("{:020}", 501)));
        self.put("orders-outbox", row).await;
        self.expect("drop-row", ahead);

        let (order, customer) = orders[1];
        let row = self.sent("customers", &format!("customer/{customer}"), "CustomerCreditReserved").await;
        self.put("customers-outbox", row).await;
        self.delete("orders", &format!("ORDER#{order}"), None).await;
        self.expect("drop-row", format!("customer/{customer}"));
        self.expect("release", format!("order/{order}"));

        let (order, customer) = orders[2];
        let first = self.sent("orders", &format!("order/{order}"), "OrderCreated").await;
        self.put("orders-outbox", first).await;
        self.undecided((order, customer)).await;
        self.expect("drop-row", format!("order/{order}"));
        self.expect("reserve", format!("order/{order}"));
    }

    /// Orders and decisions that are not of one moment.
    async fn ages(&mut self, approved: &[(Uuid, Uuid)], cancelled: &[(Uuid, Uuid)]) {
        self.reserved(approved[0].1, 107).await;
        self.expect("recount", format!("customer/{}", approved[0].1));
        self.back(approved[1].0, "PENDING", 0).await;
        self.undecided(approved[1]).await;
        self.expect("tell-order", format!("order/{}", approved[1].0));
        self.back(approved[2].0, "PENDING", 0).await;
        self.expect("tell-decision", format!("order/{}", approved[2].0));
        self.undecided(approved[3]).await;
        self.expect("reserve", format!("order/{}", approved[3].0));
        self.delete("orders", &format!("ORDER#{}", approved[4].0), None).await;
        self.expect("release", format!("order/{}", approved[4].0));
        self.back(cancelled[0].0, "PENDING", 0).await;
        self.expect("give-up", format!("order/{}", cancelled[0].0));
        self.back(cancelled[1].0, "APPROVED", 1).await;
        self.expect("cancel", format!("order/{}", cancelled[1].0));
        self.decision(cancelled[2], "RESERVED", 100).await;
        self.reserved(cancelled[2].1, 100).await;
        self.expect("release", format!("order/{}", cancelled[2].0));
    }

    /// Messages of which nobody was told, or that are known as handled without an effect.
    async fn messages(&mut self, approved: &[(Uuid, Uuid)], rejected: (Uuid, Uuid)) {
        let subject = format!("order/{}", approved[0].0);
        self.delete("orders-sent", &format!("SUBJECT#{subject}"), Some(&format!("{:020}", 101))).await;
        self.expect("tell-order", subject);
        let subject = format!("order/{}", approved[1].0);
        let row = self.sent("orders", &subject, "OrderCreated").await;
        self.put("orders-outbox", row).await;
        self.back(approved[1].0, "PENDING", 0).await;
        self.undecided(approved[1]).await;
        self.expect("forget", subject);
        self.back(rejected.0, "PENDING", 0).await;
        self.expect("tell-decision", format!("order/{}", rejected.0));
    }
}

async fn findings(world: &World, arguments: &[&str]) -> (Option<i32>, Value) {
    let said = world.txm(&[&["reconcile", "--json"], arguments].concat()).await;
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}")))
}

fn rules(value: &Value) -> BTreeSet<(String, String)> {
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    value["findings"].as_array().unwrap().iter().map(|one| (word(one, "rule"), word(one, "about"))).collect()
}

/// So many orders of each life, at rest.
async fn planted(test: &str, counts: [usize; 3]) -> (Planting, [Vec<(Uuid, Uuid)>; 3]) {
    let planting = Planting { world: World::new(test).await, expected: BTreeSet::new() };
    let mut orders = [const { Vec::new() }; 3];
    let lives = [Became::Approved, Became::Cancelled, Became::Rejected];
    for ((became, count), orders) in lives.iter().zip(counts).zip(&mut orders) {
        for _ in 0..count {
            orders.push(planting.order(became).await);
        }
    }
    Running::start(&planting.world).await.rest(&planting.world).await;
    for (order, _) in &orders[1] {
        planting.world.orders.cancel(&Context::of_request(Uuid::now_v7()), *order).await.unwrap();
    }
    Running::start(&planting.world).await.rest(&planting.world).await;
    assert_invariants(&planting.world).await;
    (planting, orders)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rule_finds_and_mends_what_it_is_there_for() {
    let (mut planting, [approved, cancelled, rejected]) = planted("rules", [10, 3, 1]).await;
    let (code, clean) = findings(&planting.world, &[]).await;
    assert_eq!((code, rules(&clean)), (Some(0), BTreeSet::new()), "a system at rest agrees");
    planting.rows(&approved[..3]).await;
    planting.ages(&approved[3..8], &cancelled).await;
    planting.messages(&approved[8..], rejected[0]).await;

    let (world, expected) = (&planting.world, &planting.expected);
    let (code, found) = findings(world, &[]).await;
    assert_eq!((code, &rules(&found)), (Some(1), expected), "{found:#}");
    assert_eq!(rules(&findings(world, &[]).await.1), *expected, "a dry run changes nothing");
    let (code, young) = findings(world, &["--older-than", "1h"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(rules(&young).iter().map(|(rule, _)| rule.as_str()).collect::<Vec<_>>(), ["recount"]);
    assert!(findings(world, &["--limit", "5"]).await.1["note"].as_str().unwrap().contains("--limit"));

    let (code, mended) = findings(world, &["--yes"]).await;
    assert_eq!((code, &rules(&mended)), (Some(0), expected), "{mended:#}");
    let notes = std::fs::read_to_string(world.folder.join("reconciled.jsonl")).unwrap();
    assert_eq!(notes.lines().count(), expected.len());
    assert_eq!(rules(&findings(world, &[]).await.1), BTreeSet::new(), "mended, and not started yet");
    Running::start(world).await.rest(world).await;
    assert_invariants(world).await;
    let (code, left) = findings(world, &[]).await;
    assert_eq!((code, rules(&left)), (Some(0), BTreeSet::new()));
    assert_eq!(left["ended"], 2, "of the two orders that were lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_rule_can_decide_is_left_for_a_person_and_said_by_the_exit_code() {
    let (planting, [approved, cancelled, _]) = planted("person", [3, 1, 0]).await;
    planting.decision(approved[0], "REFUSED", 0).await;
    planting.reserved(approved[0].1, 0).await;
    planting.undecided(approved[1]).await;
    planting.world.limit(approved[1].1, 50).await;
    planting.delete("customers", &format!("CUSTOMER#{}", approved[2].1), None).await;
    planting.delete("customers", &format!("CUSTOMER#{}", cancelled[0].1), None).await;
    planting
        .delete("customers", &format!("CUSTOMER#{}#ORDER#{}", cancelled[0].1, cancelled[0].0), None)
        .await;
    let expected = [
        format!("order/{}", approved[0].0),
        format!("order/{}", approved[1].0),
        format!("customer/{}", approved[2].1),
        format!("order/{}", cancelled[0].0),
    ];
    let expected: BTreeSet<_> = expected.into_iter().map(|about| ("person".to_owned(), about)).collect();
    for arguments in [&[][..], &["--yes"]] {
        let (code, found) = findings(&planting.world, arguments).await;
        assert_eq!((code, rules(&found)), (Some(1), expected.clone()), "{found:#}");
    }
    let said = planting.world.txm(&["reconcile", "--yes"]).await;
    assert!(said.out.contains("4 left for a person") && said.out.contains("raise the limit"), "{said:?}");
}
