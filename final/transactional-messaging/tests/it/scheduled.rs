//! A scheduled message is sent when its time comes: never before, not so late that nobody asked for it, and
//! not at all when it was cancelled.

use std::time::Duration as StdDuration;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};
use transactional_messaging::{
    driver::scheduled::move_once,
    due::shard_of,
    message::{Message as _, Subject},
    outbox::{Outbox, RowKey, partition_of},
    provision::ensure_scheduled_table,
    scheduled::{MoveError, Mover, SCHEDULED_INDEX, Schedule},
    timestamp,
};
use unit_of_work::{CommitError, Condition, DynamoDb, Put, Table, UnitOfWork};
use uuid::Uuid;
use waiting::Deadline;

use crate::{
    ambient,
    bench::{Bench, OUTBOX, context, subject, text, text_of, texts},
    gauges::Gauges,
    note::Noted,
    wire::{Fault, Wire, response},
};

const SCHEDULED: &str = "notes-scheduled";

/// A bench with scheduled messages, and a mover behind the bench's wire.
struct Later {
    bench: Bench,
    schedule: Schedule,
    mover: Mover,
}

impl Later {
    async fn new() -> Self {
        let bench = Bench::new().await;
        ensure_scheduled_table(&bench.dynamodb, SCHEDULED).await.unwrap();
        let schedule = Schedule::new(SCHEDULED, Outbox::new(OUTBOX, "/notes"));
        let mover = mover(&bench.wire, 3_000_000);
        Self { bench, schedule, mover }
    }

    fn in_seconds(&self, seconds: i64) -> OffsetDateTime {
        self.bench.ambient.now() + Duration::seconds(seconds)
    }

    /// A unit of work that schedules a message about the first subject.
    fn scheduling(&self, note: &Noted, due: OffsetDateTime) -> UnitOfWork<&'static str> {
        let mut work = UnitOfWork::new(self.bench.ambient.id());
        let about = (&subject(1), due);
        self.schedule.publish_at(&mut work, about, &context(), note, "it is scheduled").unwrap();
        work
    }

    /// Commits a message that is due in so many seconds.
    async fn schedule(&self, text: &str, seconds: i64) -> Noted {
        let note = self.bench.noted(text);
        let work = self.scheduling(&note, self.in_seconds(seconds));
        work.commit(&self.bench.database()).await.unwrap();
        note
    }

    /// A unit of work that writes a thing and cancels the message.
    fn cancelling(&self, message: Uuid) -> UnitOfWork<&'static str> {
        let mut work = UnitOfWork::new(self.bench.ambient.id());
        let thing = std::collections::HashMap::from([("PK", "THING".to_owned())]);
        let put = Put::new(&Table::new("notes", "PK"), &thing).unwrap();
        work.add(put.when(Condition::not_exists("PK")).or("the thing is there"));
        self.schedule.cancel(&mut work, message, "too late");
        work
    }

    async fn cancel(&self, message: Uuid) -> Result<(), CommitError<&'static str>> {
        self.cancelling(message).commit(&self.bench.database()).await
    }

    async fn count(&self, table: &str) -> usize {
        let answer = self.bench.dynamodb.scan().table_name(table).consistent_read(true).send().await;
        answer.unwrap().items().len()
    }

    /// One round of mover and relay; returns the texts that arrive.
    async fn swept(&self) -> Vec<String> {
        self.mover.move_due().await.unwrap();
        self.relayed().await
    }

    /// What the stream tells the relay of; returns the texts that arrive.
    async fn relayed(&self) -> Vec<String> {
        let rows = self.bench.dynamodb.scan().table_name(OUTBOX).consistent_read(true).send().await.unwrap();
        let key = |row| RowKey::of_subject(text(row, "PK")?, text(row, "SK")?);
        let keys = rows.items().iter().filter_map(key).collect();
        for outcome in self.bench.relay.wake_rows(keys).await.into_values() {
            outcome.unwrap();
        }
        self.bench.delivered().await.iter().map(text_of).collect()
    }
}

fn mover(wire: &Wire, first_id: u64) -> Mover {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&wire.sdk_config()));
    Mover::new(database, SCHEDULED, OUTBOX, ambient::of(&wire.aws(), first_id))
}

fn own_subject(note: &Noted) -> Subject {
    subject(1).about("scheduled", note.id())
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(StdDuration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_not_sent_before_its_time_and_the_first_round_then_sends_it_once() {
    let later = Later::new().await;
    later.schedule("late", 900).await;
    assert!(later.swept().await.is_empty());
    seconds(899).await;
    assert!(later.swept().await.is_empty());
    assert_eq!((later.count(SCHEDULED).await, later.bench.wire.count("TransactWriteItems")), (1, 0));
    seconds(1).await;
    assert_eq!(later.swept().await, ["late"]);
    assert_eq!(later.count(SCHEDULED).await, 0);
    assert!(later.swept().await.is_empty(), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn how_many_wait_and_how_late_the_latest_is_can_be_seen() {
    let (later, gauges) = (Later::new().await, Gauges::default());
    let _told = metrics::set_default_local_recorder(&gauges);
    let told = |name: &str| gauges.value(&format!("outbox.scheduled.{name}"), SCHEDULED);
    for number in 0..30 {
        later.schedule(&number.to_string(), 60 * number).await;
    }
    later.bench.wire.inject("GetItem", usize::MAX, Fault::code(400, "AccessDeniedException"));
    assert_eq!(told("messages"), None, "nothing is told that was not looked at");
    seconds(600).await;
    move_once(&later.mover).await.unwrap_err();
    assert_eq!((told("messages"), told("overdue")), (None, Some(600.0)), "a round that fails says how late");
    later.bench.wire.repair();
    assert_eq!(move_once(&later.mover).await.unwrap(), 11);
    assert_eq!((told("messages"), told("overdue")), (Some(19.0), Some(600.0)));
    move_once(&later.mover).await.unwrap();
    assert_eq!((told("messages"), told("overdue")), (Some(19.0), Some(0.0)));

    // Nothing waits for a number that cannot be had.
    let denied = || Fault::code(400, "AccessDeniedException");
    later.bench.wire.inject_where("Query", "COUNT", usize::MAX, denied());
    seconds(60).await;
    assert_eq!(move_once(&later.mover).await.unwrap(), 1);
    assert_eq!(told("messages"), Some(19.0), "as it was counted last");
}

#[tokio::test(start_paused = true)]
async fn a_time_that_has_passed_means_at_once() {
    let later = Later::new().await;
    later.schedule("late", -1).await;
    assert_eq!(later.swept().await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn it_holds_up_no_message_of_the_aggregate_that_it_is_about() {
    let later = Later::new().await;
    later.bench.store_all(&subject(1), 0..1).await;
    later.schedule("late", 900).await;
    later.bench.store_all(&subject(1), 1..3).await;
    assert_eq!(later.swept().await, texts(0..3));
    seconds(900).await;
    later.mover.move_due().await.unwrap();
    later.bench.store_all(&subject(1), 3..4).await;
    let mut arrived = later.relayed().await;
    arrived.sort_unstable();
    assert_eq!(arrived, ["3", "late"]);
}

#[tokio::test(start_paused = true)]
async fn of_movers_at_once_one_moves_it_and_the_other_finds_that_it_has_gone() {
    let later = Later::new().await;
    later.schedule("late", 60).await;
    seconds(60).await;
    let other = mover(&later.bench.wire, 4_000_000);
    // Both have read the message; when the slower one writes, it was moved, sent and forgotten.
    later.bench.wire.inject("TransactWriteItems", 1, Fault::Slow(StdDuration::from_secs(1)));
    let relaying = async {
        tokio::time::sleep(StdDuration::from_millis(500)).await;
        later.relayed().await
    };
    let (one, two, arrived) = tokio::join!(later.mover.move_due(), other.move_due(), relaying);
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(later.bench.wire.count("GetItem"), 2, "there was no race");
    assert_eq!(arrived, ["late"]);
    assert_eq!((later.count(SCHEDULED).await, later.swept().await), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_mover_that_dies_at_any_call_loses_nothing_and_the_next_moves_it_once() {
    for operation in ["Query", "GetItem", "TransactWriteItems"] {
        for fault in [Fault::RequestLost, Fault::AnswerLost] {
            let later = Later::new().await;
            later.schedule("late", 60).await;
            seconds(60).await;
            later.bench.wire.inject(operation, usize::MAX, fault);
            let ended = tokio::time::timeout(StdDuration::from_millis(1), later.mover.move_due()).await;
            assert!(ended.is_err(), "it would have ended by itself: {operation}");
            later.bench.wire.repair();
            let mut arrived = later.relayed().await;
            arrived.extend(later.swept().await);
            assert_eq!(arrived, ["late"], "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_moved_at_its_time_is_moved_by_a_later_round() {
    let later = Later::new().await;
    later.schedule("late", 60).await;
    seconds(60).await;
    later.bench.wire.inject("TransactWriteItems", usize::MAX, Fault::code(500, "InternalServerError"));
    let failed = later.mover.move_due().await.unwrap_err();
    assert!(matches!(failed, MoveError::Commit(_)) && failed.is_retryable(), "{failed}");
    later.bench.wire.repair();
    later.bench.wire.inject("Query", usize::MAX, Fault::code(400, "AccessDeniedException"));
    let failed = later.mover.move_due().await.unwrap_err();
    assert!(matches!(failed, MoveError::Read(_)) && !failed.is_retryable(), "{failed}");
    later.bench.wire.repair();
    assert_eq!(later.swept().await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn a_round_ends_with_its_deadline() {
    let later = Later::new().await;
    later.schedule("late", 0).await;
    later.bench.wire.inject("GetItem", usize::MAX, Fault::Silence);
    let begun = tokio::time::Instant::now();
    let round = Deadline::after(StdDuration::from_secs(5)).scope(later.mover.move_due()).await;
    assert!(round.unwrap_err().is_retryable());
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn it_is_committed_with_the_change_or_not_at_all_and_only_once() {
    let later = Later::new().await;
    let note = later.bench.noted("late");
    let due = later.in_seconds(60);
    drop(later.scheduling(&note, due));
    assert_eq!(later.count(SCHEDULED).await, 0);
    later.scheduling(&note, due).commit(&later.bench.database()).await.unwrap();
    let again = later.scheduling(&note, due).commit(&later.bench.database()).await;
    assert!(matches!(again, Err(CommitError::Rejected("it is scheduled"))));

    let items = later.bench.dynamodb.scan().table_name(SCHEDULED).send().await.unwrap().items.unwrap();
    let key = format!("MESSAGE#{}", note.id());
    let stored = ["PK", "Shard", "NotBefore"].map(|name| text(&items[0], name).unwrap().to_owned());
    assert_eq!(stored, [key.clone(), shard_of(&key), timestamp::format(due).unwrap()]);
    assert_eq!(items[0].get("ExpiresAt"), None, "a message that waits never expires");
    seconds(60).await;
    later.mover.move_due().await.unwrap();
    let row = later.bench.row(&own_subject(&note), "00000000000000000001").await.unwrap();
    assert_eq!((text(&row, "PK"), row.get("Predecessor")), (Some(&*partition_of(&own_subject(&note))), None));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_message_is_never_sent_and_what_cancels_it_is_committed_with_it() {
    let later = Later::new().await;
    let note = later.schedule("never", 60).await;
    drop(later.cancelling(note.id()));
    assert_eq!(later.count(SCHEDULED).await, 1, "what is not committed cancels nothing");
    later.cancel(note.id()).await.unwrap();
    assert_eq!(later.count("notes").await, 1);
    seconds(60).await;
    assert!(later.swept().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cancels_a_message_that_has_gone_is_told_so_and_changes_nothing() {
    let later = Later::new().await;
    let (moved, cancelled) = (later.schedule("late", 60).await, later.schedule("never", 900).await);
    let mut work = UnitOfWork::new(later.bench.ambient.id());
    later.schedule.cancel(&mut work, cancelled.id(), "too late");
    work.commit(&later.bench.database()).await.unwrap();
    seconds(60).await;
    later.mover.move_due().await.unwrap();
    for gone in [moved.id(), cancelled.id(), Uuid::from_u128(7)] {
        let refused = later.cancel(gone).await;
        assert!(matches!(refused, Err(CommitError::Rejected("too late"))), "{refused:?}");
    }
    assert_eq!(later.count("notes").await, 0);
    assert_eq!(later.relayed().await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn of_a_cancellation_and_a_mover_at_once_the_first_stands() {
    let later = Later::new().await;
    let note = later.schedule("never", 60).await;
    seconds(60).await;
    // The mover has read the message, and its transaction is slower than the cancellation.
    later.bench.wire.inject("TransactWriteItems", 1, Fault::Slow(StdDuration::from_secs(1)));
    let cancelling = async {
        tokio::time::sleep(StdDuration::from_millis(500)).await;
        later.cancel(note.id()).await
    };
    let (moved, cancelled) = tokio::join!(later.mover.move_due(), cancelling);
    assert!(moved.is_ok() && cancelled.is_ok(), "{moved:?} {cancelled:?}");
    assert_eq!((later.count(OUTBOX).await, later.count(SCHEDULED).await), (0, 0));
}

/// The index is behind its table: it still tells the time of a message that was cancelled and scheduled anew
/// for later.
#[tokio::test(start_paused = true)]
async fn a_time_that_only_the_index_still_tells_moves_nothing() {
    let later = Later::new().await;
    let note = later.schedule("late", 900).await;
    let key = format!("MESSAGE#{}", note.id());
    let now = timestamp::format(later.in_seconds(0)).unwrap();
    let stale = format!(
        r#"{{"Count":1,"ScannedCount":1,"Items":[{{"PK":{{"S":"{key}"}},"Shard":{{"S":"0"}},"NotBefore":{{"S":"{now}"}}}}]}}"#
    );
    for _ in 0..2 {
        let stale = stale.clone();
        let answer = Fault::instead(move |_, _| std::future::ready(Ok(response(200, stale.clone()))));
        later.bench.wire.inject("Query", 1, answer);
        assert!(later.swept().await.is_empty());
        later.bench.wire.repair();
        later.cancel(note.id()).await.ok();
    }
    assert_eq!(later.bench.wire.count("TransactWriteItems"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_item_keeps_no_message_from_being_moved() {
    let later = Later::new().await;
    let damaged = later.schedule("damaged", 59).await;
    for number in 0..20 {
        later.schedule(&number.to_string(), 60).await;
    }
    let key = later.schedule.table().key(format!("MESSAGE#{}", damaged.id()), None);
    let request = later.bench.dynamodb.update_item().table_name(SCHEDULED).set_key(Some(key));
    let request = request.update_expression("SET #row = :text").expression_attribute_names("#row", "Row");
    let nothing = AttributeValue::S("nothing".to_owned());
    request.expression_attribute_values(":text", nothing).send().await.unwrap();
    seconds(60).await;
    assert_eq!(later.swept().await.len(), 20);
    assert_eq!(later.count(SCHEDULED).await, 1, "it lies there until somebody mends it");
}

#[tokio::test(start_paused = true)]
async fn any_number_of_messages_is_moved_page_by_page() {
    let later = Later::new().await;
    let mut scheduled = 0;
    while scheduled < 201 {
        let note = later.bench.noted("late");
        if shard_of(&format!("MESSAGE#{}", note.id())) == "0" {
            let work = later.scheduling(&note, later.in_seconds(60));
            work.commit(&later.bench.database()).await.unwrap();
            scheduled += 1;
        }
    }
    seconds(60).await;
    assert_eq!(later.mover.move_due().await.unwrap(), 201);
    assert_eq!((later.count(SCHEDULED).await, later.count(OUTBOX).await), (0, 201));
    assert_eq!(later.bench.wire.count("Query"), 8 + 2);
    assert!(later.bench.wire.calls("Query").iter().all(|page| page.body.contains(r#""Limit":100"#)));
}

#[tokio::test(start_paused = true)]
async fn the_table_has_a_sparse_index_of_keys_on_the_time() {
    let later = Later::new().await;
    let described = later.bench.dynamodb.describe_table().table_name(SCHEDULED).send().await.unwrap();
    let table = described.table.unwrap();
    let [index] = table.global_secondary_indexes() else { panic!("one index") };
    let keys: Vec<_> = index.key_schema().iter().map(|key| key.attribute_name()).collect();
    assert_eq!(index.index_name(), Some(SCHEDULED_INDEX.name));
    assert_eq!(keys, [SCHEDULED_INDEX.shard, SCHEDULED_INDEX.time]);
    assert_eq!(index.projection().unwrap().projection_type().unwrap().as_str(), "KEYS_ONLY");
}

async fn each_arrives_with_the_first_round_after_its_time(offsets: Vec<i64>) -> Result<(), TestCaseError> {
    let later = Later::new().await;
    for offset in &offsets {
        later.schedule(&offset.to_string(), *offset).await;
    }
    for minute in 1..=10 {
        seconds(60).await;
        let mut arrived: Vec<i64> = later.swept().await.iter().map(|text| text.parse().unwrap()).collect();
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
    fn whatever_is_scheduled_arrives_with_the_first_round_after_its_time(offsets in prop::collection::vec(1i64..=600, 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(each_arrives_with_the_first_round_after_its_time(offsets))?;
    }
}
