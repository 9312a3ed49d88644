//! One invocation: which records wake the relay, and which the answer names.

use serde_json::{Value, json};
use transactional_messaging::driver::lambda::{Batch, Sweep, handle, sweep_once};
use transactional_messaging::{message::Subject, outbox::partition_of};

use crate::{
    bench::{Bench, sequence, subject, texts},
    partly::{Not, partly},
    wire::Fault,
};

/// A record as Lambda gets it from a stream of keys; `number` is its sequence number.
fn record(name: &str, keys: &Value, number: u32) -> Value {
    json!({
        "eventID": format!("e{number}"), "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/notes-outbox/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_600, "Keys": keys, "SequenceNumber": number.to_string(),
            "SizeBytes": 10, "StreamViewType": "KEYS_ONLY",
        },
    })
}

fn keys(subject: &Subject, sort: &str) -> Value {
    json!({"PK": {"S": partition_of(subject)}, "SK": {"S": sort}})
}

/// A record of the row of the subject's first version.
fn insert(subject: &Subject, number: u32) -> Value {
    insert_of(subject, 0, number)
}

fn insert_of(subject: &Subject, version: u64, number: u32) -> Value {
    record("INSERT", &keys(subject, &sequence(version)), number)
}

/// The sequence numbers that the answer to an event with these records names.
async fn failures(bench: &Bench, records: Vec<Value>) -> Vec<String> {
    let batch: Batch = serde_json::from_value(json!({ "Records": records })).unwrap();
    let answer = handle(&bench.relay, batch).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
}

async fn with_a_message_each() -> Bench {
    let bench = Bench::new().await;
    for number in 1..=3 {
        bench.store_all(&subject(number), 0..1).await;
    }
    bench
}

#[tokio::test(start_paused = true)]
async fn only_new_rows_wake_their_subjects() {
    let bench = with_a_message_each().await;
    let of_one = keys(&subject(1), "1");
    let records = vec![
        record("MODIFY", &of_one, 1),
        record("REMOVE", &of_one, 2),
        record("INSERT", &json!({"PK": {"S": "#TAILER"}, "SK": {"S": "lease"}}), 3),
    ];
    assert!(failures(&bench, records).await.is_empty());
    assert_eq!(bench.wire.total(), 0, "what relays and tailers write themselves must not wake them");
    assert!(failures(&bench, vec![insert(&subject(2), 4)]).await.is_empty());
    assert_eq!(bench.delivered().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_many_records_name_is_sent_once() {
    let bench = with_a_message_each().await;
    failures(&bench, (1..=20).map(|number| insert(&subject(1), number)).collect()).await;
    let counts =
        ["BatchGetItem", "PublishBatch", "BatchWriteItem"].map(|operation| bench.wire.count(operation));
    assert_eq!(counts, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_answer_names_exactly_the_records_of_subjects_that_failed() {
    let bench = with_a_message_each().await;
    for operation in ["BatchGetItem", "Query"] {
        let refusal = Fault::code(500, "InternalServerError");
        bench.wire.inject_where(operation, &partition_of(&subject(2)), usize::MAX, refusal);
    }
    let records = [(1, 10), (2, 11), (3, 12), (2, 13), (1, 14)];
    let records = records.map(|(number, record)| insert(&subject(number), record)).to_vec();
    assert_eq!(failures(&bench, records.clone()).await, ["11", "13"]);
    bench.wire.repair();
    assert!(failures(&bench, records).await.is_empty());
    assert_eq!(bench.delivered().await.len(), 3, "each message once, although all records came twice");
}

/// Its mark is stored, and nothing that Lambda could repeat would help.
#[tokio::test(start_paused = true)]
async fn a_parked_subject_is_no_failure() {
    let bench = with_a_message_each().await;
    bench.wire.inject(
        "PublishBatch",
        usize::MAX,
        partly(Not::Taken, "note/00000000-0000-0000-0000-000000000002"),
    );
    let records: Vec<_> =
        [(1, 10), (2, 11), (3, 12)].map(|(number, record)| insert(&subject(number), record)).to_vec();
    assert!(failures(&bench, records).await.is_empty());
    assert_eq!(bench.delivered().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_another_table_is_passed_over() {
    let bench = with_a_message_each().await;
    let records = vec![
        record("INSERT", &json!({"PK": {"S": "SUBJECT#x"}}), 0),
        record("INSERT", &json!({"id": {"S": "x"}}), 1),
        record("INSERT", &json!({"PK": {"N": "7"}, "SK": {"S": "1"}}), 2),
        insert(&subject(1), 3),
    ];
    assert!(failures(&bench, records).await.is_empty());
    assert_eq!(bench.delivered().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_empty_event_is_a_success() {
    let bench = Bench::new().await;
    assert!(failures(&bench, Vec::new()).await.is_empty());
    assert_eq!(bench.wire.total(), 0);
}

/// The schedule's invocation: it sends what no record ever named, and fails as a whole when a subject does,
/// so that an alarm counts it.
#[tokio::test(start_paused = true)]
async fn the_schedule_sweeps_and_fails_loudly() {
    let bench = with_a_message_each().await;
    let sweep = Sweep { older_than_seconds: 300 };
    assert_eq!(sweep_once(&bench.relay, sweep).await.unwrap(), 0, "too young");
    tokio::time::sleep(std::time::Duration::from_secs(301)).await;
    bench.wire.inject("PublishBatch", usize::MAX, partly(Not::ThisTime, subject(2).as_str()));
    let error = sweep_once(&bench.relay, sweep).await.unwrap_err();
    assert_eq!(error.to_string(), "1 of 3 subjects could not be dispatched");
    bench.wire.repair();
    assert_eq!(sweep_once(&bench.relay, sweep).await.unwrap(), 1);
    assert_eq!((bench.delivered().await.len(), bench.pending().await), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_sequence_number_wakes_its_subject_and_is_never_acknowledged_when_that_fails() {
    let bench = with_a_message_each().await;
    let mut nameless = insert(&subject(1), 1);
    nameless["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    bench.wire.inject("PublishBatch", 1, partly(Not::ThisTime, "note"));
    assert_eq!(failures(&bench, vec![nameless.clone()]).await, [""], "lambda takes it for the whole batch");
    assert!(failures(&bench, vec![nameless]).await.is_empty());
    assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
}

#[tokio::test(start_paused = true)]
async fn what_is_odd_in_a_record_where_nobody_looks_makes_no_batch_fail() {
    let odd = [
        ("/eventID", json!(7)),
        ("/awsRegion", json!(null)),
        ("/eventVersion", json!([])),
        ("/dynamodb/ApproximateCreationDateTime", json!("yesterday")),
        ("/dynamodb/SizeBytes", json!("many")),
        ("/dynamodb/StreamViewType", json!("SOMETHING_NEW")),
        ("/dynamodb/Keys/Other", json!({"B": "no base64!"})),
        ("/dynamodb/NewImage", json!({"Message": {"B": "no base64!"}})),
        ("/dynamodb/OldImage", json!({"NobodyKnows": {"X": 1}})),
        ("/eventName", json!(null)),
    ];
    for (place, value) in odd {
        let bench = with_a_message_each().await;
        let mut record = insert(&subject(1), 1);
        let (parent, name) = place.rsplit_once('/').unwrap();
        record.pointer_mut(parent).unwrap()[name] = value;
        assert!(failures(&bench, vec![record, insert(&subject(2), 2)]).await.is_empty(), "{place}");
        assert_eq!(bench.delivered().await.len(), 2, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_ends_in_time_and_names_what_was_not_done() {
    let bench = Bench::new().await;
    let record = |number: u32| insert_of(&subject((number / 3).into()), u64::from(number % 3), number);
    let records: Vec<_> = (3..303).map(record).collect();
    for number in 1..=100 {
        bench.store_all(&subject(number), 0..3).await;
    }
    bench.wire.inject("PublishBatch", usize::MAX, Fault::Slow(std::time::Duration::from_secs(9)));
    let begun = tokio::time::Instant::now();
    let time = std::time::Duration::from_secs(55);
    let failed = waiting::Deadline::after(time).scope(failures(&bench, records.clone())).await;
    assert!(begun.elapsed() <= time, "{:?}", begun.elapsed());
    assert!(!failed.is_empty());
    bench.wire.repair();
    assert!(failures(&bench, records).await.is_empty());
    assert_eq!(bench.delivered().await.len(), 300, "each once: what was sent in time was noted in time");
}
