//! Exercise 5: publish a batch in the order of its events, whatever order its records have.
#![allow(clippy::unwrap_used)]

use chapter_05::PROGRAM;
use fault_engine::{EVERY_INVOCATION, Fault, Kind, Plan, execute, run};

#[test]
fn records_that_change_places_within_a_batch_do_no_damage() {
    let run = run(&PROGRAM, &Plan::one(Fault::StreamReorder, EVERY_INVOCATION)).unwrap();
    let found: Vec<_> = run.findings.iter().map(|finding| &*finding.what).collect();
    assert!(found.is_empty(), "records of a batch changed places, and {}", found.join(", "));
}

#[test]
fn a_row_that_could_not_be_published_comes_again() {
    let reordered = Plan::one(Fault::StreamReorder, EVERY_INVOCATION);
    let sound = run(&PROGRAM, &reordered).unwrap();
    let publishes = sound.calls.iter().filter(|call| call.site.operation == "Publish");
    // Every third is enough, and sooner done.
    let plans = publishes.step_by(3).map(|call| reordered.and(Fault::Outage, call.index)).collect();
    for run in execute(&PROGRAM, plans, 2, &|_, _| {}).unwrap() {
        let lost = run.findings.iter().find(|finding| finding.kind == Kind::Lost);
        let what = lost.map_or("", |lost| &*lost.what);
        assert!(lost.is_none(), "a row of a sorted batch could not be published, and {what}");
    }
}
