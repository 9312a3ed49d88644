//! Exercise 4: a refusal holds only while what it rests on does.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use chapter_04::PROGRAM;
use fault_engine::{Plan, run_sabotaged};

thread_local! {
    /// Of each transaction that refuses credit: the conditions on customers that it only checks.
    static CHECKS: RefCell<Vec<Vec<String>>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn a_refusal_demands_the_version_that_was_read() {
    let look = |operation: &str, body: &mut serde_json::Value| {
        if operation == "TransactWriteItems" && body.to_string().contains("CustomerCreditReservationFailed") {
            let actions =
                body["TransactItems"].as_array().unwrap().iter().map(|action| &action["ConditionCheck"]);
            let checks = actions.filter(|check| check["TableName"] == "customers");
            let conditions =
                checks.map(|check| check["ConditionExpression"].as_str().unwrap_or_default().to_owned());
            CHECKS.with_borrow_mut(|all| all.push(conditions.collect()));
        }
    };
    let run = run_sabotaged(&PROGRAM, &Plan::none(), Some(look)).unwrap();
    assert!(run.findings.is_empty(), "{}", run.damage());
    let refusals = CHECKS.take();
    assert!(!refusals.is_empty());
    for conditions in refusals {
        assert!(!conditions.is_empty(), "a refusal checks no condition on the customer");
        assert!(conditions[0].contains("Version"), "{conditions:?} is no condition on the version");
    }
}
