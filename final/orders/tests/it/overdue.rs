//! The loop that gives up overdue orders, on the embedded DynamoDB in virtual time.

use std::time::Duration;

use orders::{
    domain::{State, Total},
    messages::CREDIT_RESERVED,
    overdue,
    service::{self, resources},
    store::PENDING_INDEX,
    use_cases::Orders,
};
use support::logs::Lines;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    due::shard_of,
    provision::{ensure_aggregate_table, ensure_service, until_usable},
};
use unit_of_work::{AttributeValue, Condition, DynamoDb, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::{
    ambient,
    desk::{ADA, HOUR, NOW, context, delivery, settings},
    wire::{Fault, Wire},
};

const MINUTE: Duration = Duration::from_secs(60);
/// As much later than the looking itself takes.
const MOMENT: Duration = Duration::from_secs(2);

fn order(number: u128) -> Uuid {
    Uuid::from_u128(0xE_0000 + number)
}

/// An instance of the service: a way to AWS and ids of its own.
struct Instance {
    wire: Wire,
    orders: Orders<DynamoDb>,
    stop: CancellationToken,
    watching: JoinHandle<()>,
}

impl Instance {
    async fn first() -> Self {
        let wire = Wire::new();
        let config = wire.aws().sdk_config();
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        ensure_service(&aws_sdk_dynamodb::Client::new(&config), &sns, &sqs, &resources(&settings()))
            .await
            .unwrap();
        Self::on(wire, 1)
    }

    fn on(wire: Wire, number: u64) -> Self {
        let ambient = ambient::of(&wire.aws(), 1_000_000 * number);
        let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&wire.sdk_config()));
        let orders = service::use_cases(database, &settings(), ambient.clone()).unwrap();
        let stop = CancellationToken::new();
        let watching = tokio::spawn(overdue::watch(orders.clone(), MINUTE, ambient.id(), stop.clone()));
        Self { wire, orders, stop, watching }
    }

    /// Places so many orders, and returns their ids.
    async fn place(&self, count: usize) -> Vec<Uuid> {
        self.place_all((0..).map(order).take(count).collect()).await
    }

    async fn place_all(&self, ids: Vec<Uuid>) -> Vec<Uuid> {
        for id in &ids {
            self.orders.create(&context(), *id, ADA, Total::new(1).unwrap()).await.unwrap();
        }
        ids
    }

    async fn count(&self, ids: &[Uuid], state: State) -> usize {
        let mut count = 0;
        for id in ids {
            count += usize::from(self.orders.find(*id).await.unwrap().unwrap().state == state);
        }
        count
    }

    async fn ends(self) {
        self.stop.cancel();
        self.watching.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_overdue_order_is_given_up_within_a_minute_of_its_time_and_a_decided_one_is_not() {
    let instance = Instance::first().await;
    let ids = instance.place(2).await;
    instance.orders.clone().approve(delivery(CREDIT_RESERVED, 7, ids[1])).await.unwrap();
    tokio::time::sleep(HOUR - MOMENT).await;
    assert_eq!(instance.count(&ids, State::Pending).await, 1, "not before its time");
    tokio::time::sleep(MINUTE + 2 * MOMENT).await;
    assert_eq!(instance.count(&ids, State::TimedOut).await, 1);
    assert_eq!(instance.count(&ids, State::Approved).await, 1);
    instance.ends().await;
}

/// More orders than two pages of a shard, as after a day without the customers service.
#[tokio::test(start_paused = true)]
async fn any_number_of_overdue_orders_is_given_up_page_by_page() {
    let instance = Instance::first().await;
    let of_one_shard = (0..).map(order).filter(|id| shard_of(&format!("ORDER#{id}")) == "0");
    let ids = instance.place_all(of_one_shard.take(201).collect()).await;
    tokio::time::sleep(HOUR - MOMENT).await;
    let before = instance.wire.count("Query");
    tokio::time::sleep(MINUTE + 2 * MOMENT).await;
    assert_eq!(instance.count(&ids, State::TimedOut).await, ids.len());
    let pages = instance.wire.calls("Query").split_off(before);
    let of_this = pages.iter().filter(|page| page.body.contains(r#"{"S":"0"}"#)).count();
    let of_that = pages.iter().filter(|page| page.body.contains(r#"{"S":"1"}"#)).count();
    assert_eq!(of_this, of_that + 2);
    assert!(pages.iter().all(|page| page.body.contains(r#""Limit":100"#)));
    instance.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_order_keeps_no_other_from_being_given_up() {
    let instance = Instance::first().await;
    let ids = instance.place(20).await;
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&instance.wire.aws().sdk_config()));
    let table = Table::new("orders", "PK");
    for id in &ids[..10] {
        let mut work: UnitOfWork<()> = UnitOfWork::new(*id);
        let key = table.key(format!("ORDER#{id}"), None);
        let damage = Update::new(&table, key).set("State", AttributeValue::S("SHIPPED".to_owned()));
        work.add(damage.when(Condition::exists("PK")));
        work.commit(&database).await.unwrap();
    }
    tokio::time::sleep(HOUR + MINUTE + MOMENT).await;
    assert_eq!(instance.count(&ids[10..], State::TimedOut).await, 10);
    instance.ends().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_pauses_the_looking_and_loses_no_order() {
    let instance = Instance::first().await;
    let ids = instance.place(3).await;
    tokio::time::sleep(HOUR).await;
    instance.wire.inject("Query", usize::MAX, Fault::code(500, "InternalServerError"));
    let before = instance.wire.count("Query");
    tokio::time::sleep(10 * MINUTE).await;
    // Each of eight shards is asked three times by the SDK, and pauses grow to a minute.
    let tries = (instance.wire.count("Query") - before) / 24;
    assert!((8..=30).contains(&tries), "{tries} tries in ten minutes");
    assert_eq!(instance.count(&ids, State::Pending).await, 3);
    instance.wire.repair();
    tokio::time::sleep(MINUTE + MOMENT).await;
    assert_eq!(instance.count(&ids, State::TimedOut).await, 3);
    instance.ends().await;
}

#[tokio::test(start_paused = true)]
async fn of_several_instances_one_gives_an_order_up_and_they_do_not_look_in_step() {
    let first = Instance::first().await;
    let others: Vec<_> = (2..5).map(|number| Instance::on(Wire::to(first.wire.aws()), number)).collect();
    let ids = first.place(20).await;
    tokio::time::sleep(HOUR + 2 * MINUTE).await;
    assert_eq!(first.count(&ids, State::TimedOut).await, ids.len());
    let outbox = aws_sdk_dynamodb::Client::new(&first.wire.aws().sdk_config());
    let rows = outbox.scan().table_name(crate::desk::OUTBOX).send().await.unwrap();
    assert_eq!(rows.count, 2 * 20, "one creation and one rejection of each");
    let looks = |wire: &Wire| {
        let mut seconds: Vec<_> = wire.calls("Query").iter().map(|call| call.at).collect();
        seconds.dedup();
        seconds
    };
    let all: Vec<Vec<Instant>> = [&first].into_iter().chain(&others).map(|one| looks(&one.wire)).collect();
    for (at, one) in all.iter().enumerate() {
        let gaps: Vec<_> = one.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let long = gaps.iter().filter(|gap| **gap > MOMENT).collect::<Vec<_>>();
        assert!(long.iter().all(|gap| (MINUTE / 2..=MINUTE + MOMENT).contains(*gap)), "{long:?}");
        // The first pause of all is the same; from then on they part.
        let met = |other: &Vec<Instant>| one[1..].iter().filter(|time| other[1..].contains(time)).count();
        assert!(all[at + 1..].iter().all(|other| met(other) * 4 < one.len()), "they keep step");
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_when_the_service_stops_though_the_table_does_not_answer() {
    let instance = Instance::first().await;
    instance.wire.inject("Query", usize::MAX, Fault::Silence);
    tokio::time::sleep(2 * MINUTE).await;
    assert!(instance.wire.count("Query") > 0);
    let stopped = Instant::now();
    instance.ends().await;
    assert!(stopped.elapsed() < MOMENT);
}

#[tokio::test(start_paused = true)]
async fn the_service_does_not_start_without_the_index_and_names_it() {
    let wire = Wire::new();
    let config = wire.sdk_config();
    let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    // As it was before there was an index.
    ensure_aggregate_table(&dynamodb, "orders").await.unwrap();
    let needed = resources(&settings());
    ensure_service(&dynamodb, &aws_sdk_sns::Client::new(&config), &sqs, &needed).await.unwrap();
    let (database, stop) = (DynamoDb::new(dynamodb), CancellationToken::new());
    let started = until_usable(&database, &sqs, &needed, Uuid::nil(), &stop);
    let problems = started.await.unwrap_err().problems;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let name = PENDING_INDEX.name;
    assert!(problem.starts_with(&format!("index {name} of table orders: ")), "{problem}");
}

#[tokio::test]
async fn clocks_of_two_instances_that_differ_are_told_of_once_a_minute() {
    let (lines, _guard) = Lines::capture();
    for (ahead, told) in [(Duration::from_secs(1), 0), (Duration::from_secs(600), 1)] {
        let desk = crate::desk::Desk::new();
        let taking = desk.elsewhere_at(NOW + ahead);
        for number in 0..3 {
            let id = Uuid::from_u128(number);
            taking.create(&context(), id, ADA, Total::new(1).unwrap()).await.unwrap();
            desk.orders.clone().approve(delivery(CREDIT_RESERVED, number, id)).await.unwrap();
        }
        let text = lines.text();
        assert_eq!(text.matches("clocks_differ").count(), told, "{text}");
        assert_eq!(text.matches("ahead_s=600").count(), told, "{text}");
    }
}
