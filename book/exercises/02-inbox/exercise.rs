//! Exercise 2: remember the message first, and see what that costs.
#![allow(clippy::unwrap_used)]

use chapter_02::PROGRAM;
use fault_engine::{Fault, Kind, Plan, baseline, run};

#[test]
fn a_crash_of_a_consumer_doubles_nothing() {
    let sound = baseline(&PROGRAM).unwrap();
    for call in sound.calls.iter().filter(|call| &*call.site.component == "reserve-credit") {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let run = run(&PROGRAM, &Plan::one(fault, call.index)).unwrap();
            let doubled = run.findings.iter().filter(|finding| finding.kind == Kind::Doubled);
            let doubled: Vec<_> = doubled.map(|doubled| &*doubled.what).collect();
            let (when, doubled) = (fault.name().replace('-', " "), doubled.join(", "));
            assert!(doubled.is_empty(), "a {when} `{}`: {doubled}", call.site);
        }
    }
}

#[test]
fn without_a_crash_everything_has_its_effect_once() {
    for plan in [Plan::none(), Plan::one(Fault::DuplicateDelivery, 0)] {
        let run = run(&PROGRAM, &plan).unwrap();
        let found = run.findings.first().map_or("", |finding| &*finding.what);
        assert!(run.findings.is_empty(), "although nothing crashed, {found}");
    }
}
