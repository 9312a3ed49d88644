//! Exercise 4: a refusal holds only while what it rests on does.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use chapter_04::PROGRAM;
use fault_engine::{Plan, run_sabotaged};
use serde_json::Value;

thread_local! {
    /// How many transactions refused credit, and how many conditions on customers the first of them only
    /// checked.
    static REFUSALS: Cell<usize> = const { Cell::new(0) };
    static CHECKS: Cell<usize> = const { Cell::new(0) };
}

/// On its way to DynamoDB the first refusal's condition gets another version: as if the customer had changed
/// since.
fn somebody_was_faster(operation: &str, body: &mut Value) {
    if operation != "TransactWriteItems" || !body.to_string().contains("CustomerCreditReservationFailed") {
        return;
    }
    REFUSALS.set(REFUSALS.get() + 1);
    if REFUSALS.get() > 1 {
        return;
    }
    for action in body["TransactItems"].as_array_mut().unwrap() {
        let check = &mut action["ConditionCheck"];
        if check["TableName"] == "customers" {
            CHECKS.set(CHECKS.get() + 1);
            for value in check["ExpressionAttributeValues"].as_object_mut().into_iter().flatten() {
                *value.1 = serde_json::json!({ "N": "999" });
            }
        }
    }
}

#[test]
fn a_refusal_is_decided_anew_when_the_customer_has_changed() {
    let run = run_sabotaged(&PROGRAM, &Plan::none(), Some(somebody_was_faster)).unwrap();
    assert!(CHECKS.get() > 0, "a refusal checks no condition on the customer");
    assert!(REFUSALS.get() > 1, "the customer had another version, and the refusal was not decided anew");
    let found = run.findings.first().map_or("", |finding| &*finding.what);
    assert!(run.findings.is_empty(), "after a refusal had lost its race, {found}");
}
