//! Several messages about one thing at the same time, and commits whose outcome nobody knows.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use transactional_messaging::consumer::{Conflict, Handled, HandlerError};
use unit_of_work::{AttributeValue, Condition, Database, DynamoDb, Item, MemoryDatabase, Put, UnitOfWork};

use crate::{
    bench::{Bench, number},
    idempotent::{NOW, consumer, count_up, counted, delivery, inbox, things},
    wire::Fault,
};

/// Loads a number, and stores the next if it is still the same: what every use case does.
async fn next(
    database: &impl Database,
    mut work: UnitOfWork<Conflict>,
) -> Result<UnitOfWork<Conflict>, HandlerError> {
    let stored = database.get(&things(), things().key("counter", None)).await?;
    let (item, condition) = match &stored {
        Some(item) => {
            let count = number(item, "Count").unwrap();
            (with_count(count + 1), Condition::equals("Count", AttributeValue::N(count.to_string())))
        }
        None => (with_count(1), Condition::not_exists("PK")),
    };
    work.add(Put::item(&things(), item)?.when(condition).or(Conflict::LostRace));
    Ok(work)
}

fn with_count(count: i64) -> Item {
    let mut item = things().key("counter", None);
    item.insert("Count".to_owned(), AttributeValue::N(count.to_string()));
    item
}

/// Ten orders of one customer in one receive. Each must have its effect without going back to the queue.
#[tokio::test(start_paused = true)]
async fn ten_messages_about_one_aggregate_at_once_all_have_their_effect() {
    let bench = Bench::new().await;
    let things = transactional_messaging::provision::ensure_aggregate_table(&bench.dynamodb, "things").await;
    things.unwrap();
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&bench.wire.sdk_config()));
    let consumers: Vec<_> = (0..10).map(|n| consumer(database.clone(), NOW, n * 1000)).collect();
    let deliveries: Vec<_> = (0..10).map(delivery).collect();
    let all = consumers.iter().zip(&deliveries).map(|(consumer, delivery)| {
        let database = &database;
        consumer.once(delivery, move |work| next(database, work))
    });
    for outcome in futures::future::join_all(all).await {
        assert_eq!(outcome.unwrap(), Handled::Done);
    }
    assert_eq!(counted(&database).await, Some(10));
    assert!(bench.wire.count("TransactWriteItems") > 10, "they met");
}

#[tokio::test(start_paused = true)]
async fn the_same_message_at_once_on_two_threads_has_its_effect_once() {
    let bench = Bench::new().await;
    let things = transactional_messaging::provision::ensure_aggregate_table(&bench.dynamodb, "things").await;
    things.unwrap();
    let database = bench.database();
    let (one, two) = (consumer(database.clone(), NOW, 0), consumer(database.clone(), NOW, 1000));
    let delivery = delivery(1);
    let (a, b) = tokio::join!(one.once(&delivery, count_up), two.once(&delivery, count_up));
    let mut outcomes = [a.unwrap(), b.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == Handled::Duplicate);
    assert_eq!((outcomes, counted(&database).await), ([Handled::Done, Handled::Duplicate], Some(1)));
}

/// Runs a decision that loses so many races.
async fn losing(races: usize) -> (Result<Handled, HandlerError>, usize, MemoryDatabase) {
    let database = MemoryDatabase::new();
    let consumer = consumer(database.clone(), NOW, 0);
    let decided = Arc::new(AtomicUsize::new(0));
    let outcome = consumer
        .once(&delivery(1), |mut work| {
            let lost = decided.fetch_add(1, Ordering::SeqCst) < races;
            async move {
                let condition = if lost { Condition::exists("PK") } else { Condition::not_exists("PK") };
                work.add(Put::item(&things(), with_count(1))?.when(condition).or(Conflict::LostRace));
                Ok(work)
            }
        })
        .await;
    (outcome, decided.load(Ordering::SeqCst), database)
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_race_the_message_is_decided_on_anew() {
    let (outcome, decided, database) = losing(15).await;
    assert_eq!((outcome.unwrap(), decided, counted(&database).await), (Handled::Done, 16, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_race_that_is_lost_each_time_goes_back_to_the_queue_with_nothing_written() {
    let (outcome, decided, database) = losing(usize::MAX).await;
    assert!(outcome.unwrap_err().is_retryable());
    assert_eq!((decided, counted(&database).await, database.items(inbox().table()).len()), (16, None, 0));
}

/// The commit took effect and its answer was lost: the message comes again and is known.
#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_goes_back_to_the_queue_and_is_safe_to_repeat() {
    let bench = Bench::new().await;
    let things = transactional_messaging::provision::ensure_aggregate_table(&bench.dynamodb, "things").await;
    things.unwrap();
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&bench.wire.sdk_config()));
    let one = consumer(database.clone(), NOW, 0);
    bench.wire.inject("TransactWriteItems", 1, Fault::AnswerLost);
    bench.wire.inject("TransactWriteItems", usize::MAX, Fault::RequestLost);
    assert!(one.once(&delivery(1), count_up).await.unwrap_err().is_retryable());
    bench.wire.repair();
    assert_eq!(one.once(&delivery(1), count_up).await.unwrap(), Handled::Duplicate);
    assert_eq!(counted(&database).await, Some(1));
}
