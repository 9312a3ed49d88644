//! Exercise 1: let no crash lose `OrderCreated`.
#![allow(clippy::unwrap_used)]

use chapter_01::PROGRAM;
use fault_engine::{Fault, Kind, Plan, baseline, run};

#[test]
fn a_crash_between_the_two_calls_loses_no_order() {
    let sound = baseline(&PROGRAM).unwrap();
    let of_placing = |target: &str| target == "orders" || target == "order--created";
    let calls =
        sound.calls.iter().filter(|call| &*call.site.component == "http" && of_placing(&call.site.target));
    for call in calls {
        let run = run(&PROGRAM, &Plan::one(Fault::CrashAfter, call.index)).unwrap();
        let lost = run.findings.iter().filter(|finding| finding.kind == Kind::Lost);
        let lost: Vec<_> =
            lost.map(|lost| &*lost.what).filter(|lost| lost.contains("OrderCreated")).collect();
        assert!(lost.is_empty(), "a crash after `{}` loses an event: {}", call.site, lost.join(", "));
    }
}
