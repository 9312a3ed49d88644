//! Scheduled messages are moved by whoever runs the relay: the process, and the function of the sweeper.

use std::time::Duration;

use time::Duration as Span;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transactional_messaging::driver::scheduled::{move_once, run};
use transactional_messaging::{
    outbox::Outbox,
    provision::ensure_scheduled_table,
    scheduled::{Mover, Schedule},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use waiting::Deadline;

use crate::{
    ambient,
    bench::{Bench, OUTBOX, context, subject},
    wire::Fault,
};

const SCHEDULED: &str = "notes-scheduled";
const MINUTE: Duration = Duration::from_secs(60);

/// A bench with a message that is due in ten minutes, and a mover behind the bench's wire.
async fn scheduled() -> (Bench, Mover) {
    let bench = Bench::new().await;
    ensure_scheduled_table(&bench.dynamodb, SCHEDULED).await.unwrap();
    let schedule = Schedule::new(SCHEDULED, Outbox::new(OUTBOX, "/notes"));
    let mut work: UnitOfWork<&str> = UnitOfWork::new(bench.ambient.id());
    let due = (&subject(1), bench.ambient.now() + Span::minutes(10));
    schedule.publish_at(&mut work, due, &context(), &bench.noted("late"), "it is scheduled").unwrap();
    work.commit(&bench.database()).await.unwrap();
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&bench.wire.sdk_config()));
    let mover = Mover::new(database, SCHEDULED, OUTBOX, ambient::of(&bench.wire.aws(), 3_000_000));
    (bench, mover)
}

async fn in_outbox(bench: &Bench) -> usize {
    let answer = bench.dynamodb.scan().table_name(OUTBOX).consistent_read(true).send().await.unwrap();
    answer.items().len()
}

#[tokio::test(start_paused = true)]
async fn the_process_moves_a_message_within_a_minute_of_its_time_also_after_an_outage() {
    let (bench, mover) = scheduled().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(mover, MINUTE, stop.clone()));
    bench.wire.inject("Query", usize::MAX, Fault::code(500, "InternalServerError"));
    tokio::time::sleep(8 * MINUTE).await;
    bench.wire.repair();
    tokio::time::sleep(MINUTE + MINUTE / 2).await;
    assert_eq!(in_outbox(&bench).await, 0);
    tokio::time::sleep(MINUTE + MINUTE / 2).await;
    assert_eq!(in_outbox(&bench).await, 1);
    // A table that does not answer does not hold up the stop.
    bench.wire.inject("Query", usize::MAX, Fault::Silence);
    tokio::time::sleep(2 * MINUTE).await;
    let stopped = Instant::now();
    stop.cancel();
    running.await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_gives_half_of_its_time_to_scheduled_messages() {
    let (bench, mover) = scheduled().await;
    tokio::time::sleep(10 * MINUTE).await;
    bench.wire.inject("GetItem", usize::MAX, Fault::Silence);
    let begun = Instant::now();
    assert!(Deadline::after(MINUTE).scope(move_once(&mover)).await.unwrap_err().is_retryable());
    assert_eq!(begun.elapsed(), MINUTE / 2);
    bench.wire.repair();
    assert_eq!(Deadline::after(MINUTE).scope(move_once(&mover)).await.unwrap(), 1);
    assert_eq!(in_outbox(&bench).await, 1);
}
