//! Orders that an older version left pending without a time are found, and given one.

use std::time::Duration;

use local_aws::InMemoryAws;
use orders::{
    domain::{State, Total},
    messages::CREDIT_RESERVED,
    service::{self, resources},
    store::PENDING_INDEX,
    use_cases::{Adopted, Orders},
};
use transactional_messaging::provision::ensure_service;
use unit_of_work::{AttributeValue, Condition, Database, DynamoDb, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::{
    ambient,
    desk::{ADA, Desk, HOUR, ORDER, context, delivery, settings},
};

/// Makes a stored order what it would be if an older version had stored it.
async fn age(database: &impl Database, id: Uuid) {
    let table = Table::new("orders", "PK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(id);
    let update = Update::new(&table, table.key(format!("ORDER#{id}"), None));
    let update = update.remove(PENDING_INDEX.shard).remove(PENDING_INDEX.time);
    work.add(update.when(Condition::exists("PK")));
    work.commit(database).await.unwrap();
}

async fn spoil(database: &impl Database, id: Uuid) {
    let table = Table::new("orders", "PK");
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(id.as_u128() + (1 << 64)));
    let update = Update::new(&table, table.key(format!("ORDER#{id}"), None));
    work.add(update.set("TotalAmount", AttributeValue::S("much".to_owned())).when(Condition::exists("PK")));
    work.commit(database).await.unwrap();
}

async fn states(orders: &Orders<DynamoDb>, ids: impl Iterator<Item = Uuid>) -> Vec<(State, bool)> {
    let mut states = Vec::new();
    for id in ids {
        let order = orders.find(id).await.unwrap().unwrap();
        states.push((order.state, order.decide_by.is_some()));
    }
    states
}

#[tokio::test(start_paused = true)]
async fn all_orders_without_a_time_are_given_one_page_by_page_and_no_other_is_touched() {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    ensure_service(&dynamodb, &sns, &sqs, &resources(&settings())).await.unwrap();
    let database = DynamoDb::new(dynamodb);
    let orders = service::use_cases(database.clone(), &settings(), ambient::of(&aws, 1)).unwrap();
    let id = |number: u128| Uuid::from_u128(0xE_0000 + number);
    for number in 0..240 {
        orders.create(&context(), id(number), ADA, Total::new(1).unwrap()).await.unwrap();
    }
    // The first two hundred and ten are old: of these, five were approved since, and one is damaged.
    for number in 0..210 {
        age(&database, id(number)).await;
    }
    for number in 0..5 {
        orders.clone().approve(delivery(CREDIT_RESERVED, number, id(number))).await.unwrap();
    }
    spoil(&database, id(5)).await;

    let before = states(&orders, (6..240).map(id)).await;
    let looked = orders.adopt_pending(false).await.unwrap();
    assert_eq!(looked, Adopted { found: 205, adopted: 0, damaged: 0 }, "three pages of a hundred");
    assert_eq!(states(&orders, (6..240).map(id)).await, before, "nothing was written");

    let done = orders.adopt_pending(true).await.unwrap();
    assert_eq!(done, Adopted { found: 205, adopted: 204, damaged: 1 });
    assert!(states(&orders, (0..5).map(id)).await.iter().all(|order| *order == (State::Approved, false)));
    assert!(states(&orders, (6..240).map(id)).await.iter().all(|order| *order == (State::Pending, true)));
    let again = orders.adopt_pending(true).await.unwrap();
    assert_eq!(again, Adopted { found: 1, adopted: 0, damaged: 1 });

    tokio::time::sleep(HOUR - Duration::from_secs(60)).await;
    orders.give_up_overdue().await.unwrap();
    assert_eq!(states(&orders, [id(6)].into_iter()).await, [(State::Pending, true)], "its time begins anew");
    tokio::time::sleep(Duration::from_secs(120)).await;
    orders.give_up_overdue().await.unwrap();
    assert!(states(&orders, (6..210).map(id)).await.iter().all(|order| order.0 == State::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_decided_on_while_it_is_adopted_is_left_alone() {
    let desk = Desk::with_order(State::Pending).await;
    age(&desk.database.memory, ORDER).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move {
        elsewhere.approve(delivery(CREDIT_RESERVED, 2, ORDER)).await.unwrap();
    });
    assert!(!desk.orders.adopt(ORDER).await.unwrap());
    let order = desk.order().await;
    assert_eq!((order.state, order.decide_by, order.version), (State::Approved, None, 1));
}

#[tokio::test(start_paused = true)]
async fn who_decides_does_not_notice_that_the_order_is_adopted_meanwhile() {
    let desk = Desk::with_order(State::Pending).await;
    age(&desk.database.memory, ORDER).await;
    let elsewhere = desk.elsewhere();
    desk.database.meanwhile(async move { assert!(elsewhere.adopt(ORDER).await.unwrap()) });
    desk.approve(2).await.unwrap();
    let order = desk.order().await;
    assert_eq!((order.state, order.decide_by, order.version), (State::Approved, None, 1));
    assert_eq!(desk.published(), ["OrderCreated", "OrderApproved"]);
}
