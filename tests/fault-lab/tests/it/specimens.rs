//! One message as it lies in its queue, and one row as it lies in the outbox: taken from a run of the system
//! in `final/`, for the book.

use std::sync::Mutex;

use fault_engine::{Plan, run_sabotaged};
use serde_json::{Value, json};

/// The first row of the orders' outbox that the run writes.
static ROW: Mutex<Option<Value>> = Mutex::new(None);

/// Looks at what is written, and leaves it as it is.
fn note_row(_: &str, request: &mut Value) {
    let actions = request["TransactItems"].as_array().into_iter().flatten();
    let mut puts = actions.map(|action| &action["Put"]).filter(|put| put["TableName"] == "orders-outbox");
    if let Some(put) = puts.next() {
        ROW.lock().unwrap().get_or_insert_with(|| put["Item"].clone());
    }
}

#[test]
fn a_message_and_a_row_lie_there_as_the_book_shows_them() {
    let run = run_sabotaged(&final_program::PROGRAM, &Plan::none(), Some(note_row)).unwrap();
    assert!(run.findings.is_empty(), "{}", run.damage());
    let mut message: Value = serde_json::from_str(&run.first_received).unwrap();
    let mut row = ROW.lock().unwrap().clone().unwrap();
    // Chosen by the embedded SNS at random, or the time of this run.
    for field in ["MessageId", "Timestamp", "Signature", "SigningCertURL", "UnsubscribeURL"] {
        if !message[field].is_null() {
            message[field] = json!("…");
        }
    }
    for attribute in row.as_object_mut().unwrap().values_mut() {
        let (_, value) = attribute.as_object().unwrap().iter().next().unwrap();
        *attribute = value.clone();
    }
    let envelope: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
    let stored: Value = serde_json::from_str(row["Message"].as_str().unwrap()).unwrap();
    assert_eq!(envelope["id"], stored["id"], "the row is that of the message");
    let pretty = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
    insta::assert_binary_snapshot!("message.json", pretty(&message));
    insta::assert_binary_snapshot!("outbox-row.json", pretty(&row));
}
