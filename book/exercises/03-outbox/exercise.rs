//! Exercise 3: ten messages in one call, and none lost that SNS did not take.
#![allow(clippy::unwrap_used)]

use chapter_03::PROGRAM;
use fault_engine::{Fault, Kind, baseline, execute, points};

#[test]
fn rows_are_published_in_batches() {
    let sound = baseline(&PROGRAM).unwrap();
    let count = |operation: &str| sound.calls.iter().filter(|call| call.site.operation == operation).count();
    let (alone, batches) = (count("Publish"), count("PublishBatch"));
    assert!(alone == 0, "{alone} rows are published by a call of their own");
    let several = sound.calls.iter().filter(|call| call.messages.len() > 1).count();
    assert!(several > 0, "none of {batches} batches has two messages");
}

#[test]
fn a_message_that_sns_did_not_take_is_not_lost() {
    let sound = baseline(&PROGRAM).unwrap();
    let plans = points(&PROGRAM, &sound, Fault::PartialBatchFailure);
    assert!(!plans.is_empty(), "no batch is sent in which one message could fail");
    for run in execute(&PROGRAM, plans, 2, &|_, _| {}).unwrap() {
        let lost = run.findings.iter().find(|finding| finding.kind == Kind::Lost);
        let what = lost.map_or("", |lost| &*lost.what);
        assert!(lost.is_none(), "SNS did not take one message of a batch, and {what}");
    }
}
