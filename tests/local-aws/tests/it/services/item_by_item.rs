//! Transactions that become visible item by item.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as WriteError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, StreamViewType,
    TransactGetItem, TransactWriteItem, WriteRequest,
};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use local_aws::ItemByItem;
use tokio::task::JoinHandle;

use super::dynamodb::all_records;
use support::tables::{create_table, put, put_new, text};

/// What does not become visible while a test looks.
const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(20);

const TOKEN: &str = "token-1";

/// Inserts `new` and writes 2 over the 1 of `old`, in a task: these two items in this sequence.
fn write(db: &Client, sequence: &[usize], gap: Duration) -> JoinHandle<Result<(), WriteError>> {
    let over = Put::builder().table_name("outbox").item("id", text("old")).item("value", text("2"));
    let over = over.condition_expression("#value = :one").expression_attribute_names("#value", "value");
    let over = over.expression_attribute_values(":one", text("1")).build().unwrap();
    let call = db.transact_write_items().client_request_token(TOKEN).transact_items(put_new("outbox", "new"));
    let call = call.transact_items(TransactWriteItem::builder().put(over).build());
    let way = ItemByItem { sequence: sequence.to_vec(), gap }.to_string();
    let call = call.customize().mutate_request(move |request| {
        request.headers_mut().insert(ItemByItem::HEADER, way.clone());
    });
    tokio::spawn(async move { call.send().await.map(drop).map_err(|error| error.into_service_error()) })
}

/// A table with the item `old`, and a client that does not try again.
async fn table(config: &SdkConfig) -> (Client, String) {
    let config = config.clone().into_builder().retry_config(RetryConfig::disabled()).build();
    let db = Client::new(&config);
    let stream = create_table(&db, "outbox", StreamViewType::NewImage).await;
    put(&db, "outbox", "old", "1").await;
    (db, stream)
}

async fn value(db: &Client, id: &str) -> Option<String> {
    let answer = db.get_item().table_name("outbox").key("id", text(id)).consistent_read(true).send().await;
    let item = answer.unwrap().item?;
    Some(item.get("value").map_or("", |value| value.as_s().unwrap()).to_owned())
}

async fn until(db: &Client, id: &str, wanted: &str) {
    let seen = async {
        while value(db, id).await.as_deref() != Some(wanted) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the item becomes visible");
}

fn codes(reasons: &[CancellationReason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.code().unwrap()).collect()
}

pub(crate) async fn until_an_item_is_visible_everybody_sees_what_was_before(config: &SdkConfig) {
    let (db, stream) = table(config).await;
    let writing = write(&db, &[0, 1], LONG);
    until(&db, "new", "").await;
    assert_eq!(value(&db, "old").await.as_deref(), Some("1"));
    let scanned = db.scan().table_name("outbox").consistent_read(true).send().await.unwrap();
    assert!(scanned.items().iter().all(|item| item.get("value").is_none_or(|value| *value == text("1"))));
    assert_eq!(scanned.count(), 2);
    let query = db.query().table_name("outbox").key_condition_expression("id = :id").consistent_read(true);
    let found = query.expression_attribute_values(":id", text("old")).send().await.unwrap();
    assert_eq!(found.items()[0]["value"], text("1"));
    let both = ["new", "old"].map(|id| [("id".to_owned(), text(id))].into());
    let both =
        KeysAndAttributes::builder().set_keys(Some(both.into())).consistent_read(true).build().unwrap();
    let batch = db.batch_get_item().request_items("outbox", both).send().await.unwrap();
    let values: Vec<_> =
        batch.responses.unwrap()["outbox"].iter().filter_map(|item| item.get("value").cloned()).collect();
    assert_eq!(values, [text("1")]);
    assert_eq!(all_records(config, &stream).await, ["old 1", "new "]);
    writing.abort();
}

pub(crate) async fn who_touches_an_item_that_is_not_visible_is_told_of_a_conflict(config: &SdkConfig) {
    let (db, _) = table(config).await;
    let writing = write(&db, &[0, 1], LONG);
    until(&db, "new", "").await;
    let conflict = Some("TransactionConflictException");
    let put_old = db.put_item().table_name("outbox").item("id", text("old")).send().await;
    assert_eq!(put_old.unwrap_err().code(), conflict);
    let deleted = db.delete_item().table_name("outbox").key("id", text("old")).send().await;
    assert_eq!(deleted.unwrap_err().code(), conflict);
    let update = db.update_item().table_name("outbox").key("id", text("old"));
    let update = update.update_expression("SET x = :x").expression_attribute_values(":x", text("x"));
    assert_eq!(update.send().await.unwrap_err().code(), conflict);

    let delete = Delete::builder().table_name("outbox").key("id", text("old")).build().unwrap();
    let call = db.transact_write_items().transact_items(put_new("outbox", "other"));
    let call = call.transact_items(TransactWriteItem::builder().delete(delete).build());
    let WriteError::TransactionCanceledException(cancelled) =
        call.send().await.unwrap_err().into_service_error()
    else {
        panic!("expected a cancelled transaction")
    };
    assert_eq!(codes(cancelled.cancellation_reasons()), ["None", "TransactionConflict"]);
    let get = |id| {
        let get = Get::builder().table_name("outbox").key("id", text(id)).build().unwrap();
        TransactGetItem::builder().get(get).build()
    };
    let call = db.transact_get_items().transact_items(get("new")).transact_items(get("old"));
    let TransactGetItemsError::TransactionCanceledException(cancelled) =
        call.send().await.unwrap_err().into_service_error()
    else {
        panic!("expected a cancelled read")
    };
    assert_eq!(codes(cancelled.cancellation_reasons()), ["None", "TransactionConflict"]);

    let delete = DeleteRequest::builder().key("id", text("old")).build().unwrap();
    let insert = PutRequest::builder().item("id", text("other")).build().unwrap();
    let writes = vec![
        WriteRequest::builder().delete_request(delete).build(),
        WriteRequest::builder().put_request(insert).build(),
    ];
    let batch = db.batch_write_item().request_items("outbox", writes.clone()).send().await.unwrap();
    assert_eq!(batch.unprocessed_items.unwrap()["outbox"], writes[..1]);
    assert!(value(&db, "other").await.is_some() && value(&db, "old").await.as_deref() == Some("1"));

    let again = write(&db, &[0, 1], LONG).await.unwrap().unwrap_err();
    assert!(matches!(again, WriteError::TransactionInProgressException(_)), "{again:?}");
    put(&db, "outbox", "new", "of another, who may").await;
    writing.abort();
}

pub(crate) async fn at_last_all_is_as_after_any_transaction(config: &SdkConfig) {
    let (db, stream) = table(config).await;
    write(&db, &[1, 0], SHORT).await.unwrap().unwrap();
    assert_eq!(
        all_records(config, &stream).await,
        ["old 1", "old 2", "new "],
        "in the sequence that was asked for"
    );
    put(&db, "outbox", "old", "3").await;
    write(&db, &[1, 0], SHORT).await.unwrap().expect("the same request again has the answer that it had");
    assert_eq!(value(&db, "old").await.as_deref(), Some("3"));
}

pub(crate) async fn a_decided_transaction_goes_on_without_its_caller(config: &SdkConfig) {
    let (db, _) = table(config).await;
    let writing = write(&db, &[0, 1], SHORT);
    until(&db, "new", "").await;
    writing.abort();
    until(&db, "old", "2").await;
}

pub(crate) async fn a_condition_that_does_not_hold_cancels_all_of_it(config: &SdkConfig) {
    let (db, stream) = table(config).await;
    put(&db, "outbox", "old", "not 1").await;
    let cancelled = write(&db, &[0, 1], LONG).await.unwrap().unwrap_err();
    let WriteError::TransactionCanceledException(cancelled) = cancelled else { panic!("{cancelled:?}") };
    assert_eq!(codes(cancelled.cancellation_reasons()), ["None", "ConditionalCheckFailed"]);
    assert_eq!(all_records(config, &stream).await, ["old 1", "old not 1"]);
    put(&db, "outbox", "old", "1").await;
    write(&db, &[0, 1], SHORT).await.unwrap().expect("what was cancelled holds nothing");
}
