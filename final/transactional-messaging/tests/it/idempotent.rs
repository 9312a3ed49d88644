//! Each message has its effect once for each consumer, however often it comes.

use time::{Duration, OffsetDateTime, macros::datetime};
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Conflict, Delivery, Handled, HandlerError, IdempotentConsumer},
    inbox::{DEFAULT_RETENTION, Inbox},
    wiring::Queue,
};
use unit_of_work::{Database, DynamoDb, MemoryDatabase, Table, UnitOfWork, Update};
use uuid::Uuid;

use crate::{
    bench::{Bench, number, text},
    note::Noted,
    wire::Fault,
};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
/// It has the keys of an inbox and no time to live, so that a row whose time is up stays, as it does in
/// DynamoDB for days.
pub(crate) const INBOX: &str = "notes";

/// The queue of the consumer `one`.
const ONE: Queue<Noted> = Queue::new("one");

pub(crate) fn things() -> Table {
    Table::new("things", "PK")
}

pub(crate) fn inbox() -> Inbox {
    Inbox::new(INBOX, DEFAULT_RETENTION)
}

/// A consumer at this time, which shows how often a message had its effect.
pub(crate) fn consumer<D: Database>(
    database: D,
    now: OffsetDateTime,
    first_id: u128,
) -> IdempotentConsumer<D> {
    let ambient = Ambient::fixed(now);
    // Ids are client request tokens: two consumers must not make the same.
    for _ in 0..first_id {
        ambient.id();
    }
    IdempotentConsumer::new(inbox(), database, ambient)
}

pub(crate) fn delivery(id: u128) -> Delivery<Noted> {
    let id = Uuid::from_u128(id);
    let body = serde_json::json!({
        "specversion": "1.0", "id": id, "source": "/notes", "type": "Noted", "subject": "note/1",
        "time": "2026-11-23T12:00:00+00:00", "sequence": "1", "correlationid": id,
        "data": {"event_id": id, "created_at": "2026-11-23T12:00:00+00:00", "text": "x"},
    });
    Delivery::parse(ONE, &body.to_string()).unwrap()
}

pub(crate) async fn count_up(mut work: UnitOfWork<Conflict>) -> Result<UnitOfWork<Conflict>, HandlerError> {
    work.add(Update::new(&things(), things().key("counter", None)).add("Count", 1));
    Ok(work)
}

pub(crate) async fn counted(database: &impl Database) -> Option<i64> {
    number(&database.get(&things(), things().key("counter", None)).await.unwrap()?, "Count")
}

#[tokio::test]
async fn a_message_has_its_effect_once_for_each_consumer() {
    let database = MemoryDatabase::new();
    let one = consumer(database.clone(), NOW, 0);
    let elsewhere = Delivery { consumer: "two", ..delivery(1) };
    assert_eq!(one.once(&delivery(1), count_up).await.unwrap(), Handled::Done);
    assert_eq!(one.once(&delivery(1), count_up).await.unwrap(), Handled::Duplicate);
    assert_eq!(counted(&database).await, Some(1));
    assert_eq!(
        one.once(&elsewhere, count_up).await.unwrap(),
        Handled::Done,
        "another consumer has an effect of its own"
    );
    assert_eq!(one.once(&delivery(2), count_up).await.unwrap(), Handled::Done, "and so has another message");
    assert_eq!(counted(&database).await, Some(3));
}

#[tokio::test]
async fn the_inbox_row_says_what_was_handled_by_whom_and_until_when_that_counts() {
    let database = MemoryDatabase::new();
    consumer(database.clone(), NOW, 0).once(&delivery(0xAB), count_up).await.unwrap();
    let rows = database.items(inbox().table());
    let [row] = rows.as_slice() else { panic!("one row") };
    let id = "00000000-0000-0000-0000-0000000000ab";
    let expected = [
        ("PK", format!("MESSAGE#one#{id}")),
        ("MessageId", id.to_owned()),
        ("Consumer", "one".to_owned()),
        ("CreatedAt", "2026-11-23T12:00:00+00:00".to_owned()),
    ];
    for (name, value) in expected {
        assert_eq!(text(row, name), Some(&*value));
    }
    assert_eq!(number(row, "ExpiresAt"), Some((NOW + Duration::days(90)).unix_timestamp()));
    assert_eq!(row.len(), 5);
}

/// DynamoDB deletes a row some days after its time is up. Until then it must not count, or the retention
/// would depend on chance.
#[tokio::test(start_paused = true)]
async fn a_row_whose_time_is_up_suppresses_nothing_although_it_is_still_stored() {
    let bench = Bench::new().await;
    let stored = DynamoDb::new(bench.dynamodb.clone());
    let table = Table::new(INBOX, "PK");
    async fn check(database: impl Database + Clone, rows: impl AsyncFn() -> usize) {
        let handle = |now, first_id| {
            let database = database.clone();
            async move {
                let consumer = consumer(database, now, first_id);
                consumer.once(&delivery(1), |work| async { Ok(work) }).await.unwrap()
            }
        };
        assert_eq!(handle(NOW, 0).await, Handled::Done);
        let end = NOW + Duration::days(90);
        assert_eq!(handle(end, 1000).await, Handled::Duplicate, "it counts to its last second");
        assert_eq!(rows().await, 1);
        assert_eq!(handle(end + Duration::SECOND, 2000).await, Handled::Done);
        assert_eq!(handle(end + Duration::DAY, 3000).await, Handled::Duplicate, "and is remembered anew");
        assert_eq!(rows().await, 1);
    }
    let scan = async || bench.dynamodb.scan().table_name(INBOX).send().await.unwrap().items().len();
    check(stored, scan).await;
    let memory = MemoryDatabase::new();
    check(memory.clone(), async || memory.items(&table).len()).await;
}

#[tokio::test]
async fn a_decision_that_fails_writes_nothing_and_is_not_remembered() {
    let database = MemoryDatabase::new();
    let one = consumer(database.clone(), NOW, 0);
    let failing = |_| async { Err(HandlerError::terminal("never")) };
    let error = one.once(&delivery(1), failing).await.unwrap_err();
    assert!(matches!(error, HandlerError::Terminal { reason } if reason == "never"));
    assert_eq!(one.once(&delivery(1), count_up).await.unwrap(), Handled::Done);
}

/// The state has moved on since the message was handled, and a second look at it makes no sense any more.
#[tokio::test]
async fn a_duplicate_is_a_duplicate_even_if_it_can_no_longer_be_decided_on() {
    let database = MemoryDatabase::new();
    let one = consumer(database.clone(), NOW, 0);
    one.once(&delivery(1), count_up).await.unwrap();
    for error in [HandlerError::terminal("contradiction"), HandlerError::retryable("not now")] {
        let error = std::cell::RefCell::new(Some(error));
        let failing = |_| {
            let error = error.borrow_mut().take().unwrap();
            async { Err(error) }
        };
        assert_eq!(one.once(&delivery(1), failing).await.unwrap(), Handled::Duplicate);
    }
    assert_eq!(counted(&database).await, Some(1));
}

/// A terminal error would move to the dead-letter queue what was handled before; nobody can tell while the
/// inbox cannot be read.
#[tokio::test(start_paused = true)]
async fn while_the_inbox_cannot_be_read_a_terminal_error_is_tried_again() {
    let bench = Bench::new().await;
    let one = consumer(DynamoDb::new(aws_sdk_dynamodb::Client::new(&bench.wire.sdk_config())), NOW, 0);
    assert_eq!(one.once(&delivery(1), |work| async { Ok(work) }).await.unwrap(), Handled::Done);
    let failing = |_| async { Err(HandlerError::terminal("contradiction")) };
    bench.wire.inject("GetItem", usize::MAX, Fault::code(500, "InternalServerError"));
    let error = one.once(&delivery(1), failing).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    bench.wire.repair();
    assert_eq!(one.once(&delivery(1), failing).await.unwrap(), Handled::Duplicate);
}

#[tokio::test]
async fn work_that_can_never_be_committed_is_a_terminal_error() {
    let one = consumer(MemoryDatabase::new(), NOW, 0);
    let too_much = |mut work: UnitOfWork<Conflict>| async move {
        for number in 0..100 {
            work.add(Update::new(&things(), things().key(number.to_string(), None)).add("Count", 1));
        }
        Ok(work)
    };
    let error = one.once(&delivery(1), too_much).await.unwrap_err();
    assert!(matches!(error, HandlerError::Terminal { reason } if reason.contains("101 actions")));
}
