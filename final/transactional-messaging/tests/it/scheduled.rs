//! A scheduled message is sent when its time comes: never before, and not so late that nobody asked for it.

use std::time::Duration as StdDuration;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};
use transactional_messaging::{
    message::{Message as _, Subject},
    outbox::partition_of,
    relay::Outcome,
    timestamp,
};
use unit_of_work::{CommitError, UnitOfWork};

use crate::{
    bench::{Bench, OUTBOX, context, sequence, subject, text, text_of, texts},
    note::Noted,
    partly::{Not, partly},
};

impl Bench {
    fn in_seconds(&self, seconds: i64) -> OffsetDateTime {
        self.ambient.now() + Duration::seconds(seconds)
    }

    /// Commits a message that is due then, and returns its subject.
    async fn schedule(&self, about: &Subject, note: &Noted, due: OffsetDateTime) -> Subject {
        let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
        self.outbox.publish_at(&mut work, (about, due), &context(), note, "there already").unwrap();
        work.commit(&self.database()).await.unwrap();
        about.about("scheduled", note.id())
    }

    /// Sweeps and returns the texts that arrive.
    async fn swept(&self) -> Vec<String> {
        for outcome in self.relay.sweep(Duration::MINUTE).await.unwrap().into_values() {
            outcome.unwrap();
        }
        self.delivered().await.iter().map(text_of).collect()
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(StdDuration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn neither_wake_up_nor_sweeper_sends_it_before_its_time_and_the_sweeper_does_then() {
    let bench = Bench::new().await;
    let timeout = bench.schedule(&subject(1), &bench.noted("late"), bench.in_seconds(900)).await;
    assert_eq!(bench.wake(&timeout).await.unwrap(), Outcome::Waiting(0));
    seconds(899).await;
    assert_eq!(bench.wake(&timeout).await.unwrap(), Outcome::Waiting(0));
    assert!(bench.swept().await.is_empty());
    assert_eq!(bench.wire.count("PublishBatch"), 0);
    seconds(1).await;
    assert_eq!(bench.swept().await, ["late"]);
    assert_eq!(bench.pending().await, 0);
    assert!(bench.swept().await.is_empty(), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn it_holds_up_no_message_of_the_aggregate_that_it_is_about() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.schedule(&subject(1), &bench.noted("late"), bench.in_seconds(900)).await;
    bench.store_all(&subject(1), 1..3).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(3));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_after_its_time_sends_it_too() {
    let bench = Bench::new().await;
    let past = bench.schedule(&subject(1), &bench.noted("late"), bench.in_seconds(-1)).await;
    assert_eq!(bench.wake(&past).await.unwrap(), Outcome::Dispatched(1));
    assert_eq!(bench.texts(&past).await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn two_sweepers_and_a_wake_up_at_once_lose_nothing_and_settle_it_once() {
    let bench = Bench::new().await;
    let timeout = bench.schedule(&subject(1), &bench.noted("late"), bench.in_seconds(60)).await;
    let other = crate::bench::relay(&bench.wire, 2_000_000);
    seconds(60).await;
    let (one, two, _) = tokio::join!(
        bench.relay.sweep(Duration::MINUTE),
        other.sweep(Duration::MINUTE),
        bench.wake(&timeout)
    );
    assert!(one.unwrap().into_values().chain(two.unwrap().into_values()).all(|outcome| outcome.is_ok()));
    let arrived = bench.texts(&timeout).await;
    assert!(!arrived.is_empty() && arrived.iter().all(|text| text == "late"), "{arrived:?}");
    assert_eq!(bench.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_at_its_time_is_sent_by_a_later_sweep() {
    let bench = Bench::new().await;
    let note = bench.noted("late");
    bench.schedule(&subject(1), &note, bench.in_seconds(60)).await;
    bench.wire.inject("PublishBatch", 1, partly(Not::ThisTime, "late"));
    seconds(61).await;
    let failed = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert!(failed.into_values().all(|outcome| outcome.is_err_and(|error| error.is_retryable())));
    assert_eq!(bench.swept().await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_committed_with_the_change_or_not_at_all_and_only_once() {
    let bench = Bench::new().await;
    let note = bench.noted("late");
    let due = bench.in_seconds(60);
    let schedule = || {
        let mut work: UnitOfWork<&str> = UnitOfWork::new(bench.ambient.id());
        bench.outbox.publish_at(&mut work, (&subject(1), due), &context(), &note, "there already").unwrap();
        work
    };
    drop(schedule());
    assert_eq!(bench.pending().await, 0);
    schedule().commit(&bench.database()).await.unwrap();
    let again = schedule().commit(&bench.database()).await;
    assert!(matches!(again, Err(CommitError::Rejected("there already"))));

    let row = bench.row(&subject(1).about("scheduled", note.id()), &sequence(0)).await.unwrap();
    let due = timestamp::format(due).unwrap();
    assert_eq!((text(&row, "NotBefore"), text(&row, "DueAt")), (Some(&*due), Some(&*due)));
    assert!(text(&row, "PendingShard").is_some());
    assert_eq!(row.get("ExpiresAt"), None, "a message that waits never expires");
}

/// No way through the outbox makes such rows; whoever writes them all the same loses neither messages nor their order.
#[tokio::test(start_paused = true)]
async fn messages_behind_one_that_is_not_due_wait_for_it_and_keep_their_order() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..4).await;
    let due = timestamp::format(bench.in_seconds(900)).unwrap();
    let key = bench.outbox.table().key(partition_of(&subject(1)), Some(&sequence(2)));
    let request = bench.dynamodb.update_item().table_name(OUTBOX).set_key(Some(key));
    let request = request.update_expression("SET NotBefore = :due");
    request.expression_attribute_values(":due", AttributeValue::S(due)).send().await.unwrap();

    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Waiting(2));
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Waiting(0));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    seconds(900).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2));
    assert_eq!(bench.texts(&subject(1)).await, texts(2..4));
}

async fn each_arrives_with_the_first_sweep_after_its_time(offsets: Vec<i64>) -> Result<(), TestCaseError> {
    let bench = Bench::new().await;
    for offset in &offsets {
        let note = bench.noted(&offset.to_string());
        bench.schedule(&subject(1), &note, bench.in_seconds(*offset)).await;
    }
    for minute in 1..=10 {
        seconds(60).await;
        let mut arrived: Vec<i64> = bench.swept().await.iter().map(|text| text.parse().unwrap()).collect();
        arrived.sort_unstable();
        let mut expected: Vec<_> =
            offsets.iter().copied().filter(|due| (60 * minute - 59..=60 * minute).contains(due)).collect();
        expected.sort_unstable();
        prop_assert_eq!(arrived, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_is_scheduled_arrives_with_the_first_sweep_after_its_time(offsets in prop::collection::vec(1i64..=600, 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(each_arrives_with_the_first_sweep_after_its_time(offsets))?;
    }
}
