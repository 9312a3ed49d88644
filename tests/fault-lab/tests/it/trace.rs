//! The diagram of a run is drawn from its trace, the crash where it happened.

use fault_engine::{Fault, Plan, baseline, points, run};

#[test]
fn the_crash_between_the_order_and_its_event() {
    let program = chapter_01::PROGRAM;
    let sound = baseline(&program).unwrap();
    let is_put =
        |call: &&fault_engine::Call| call.site.operation == "PutItem" && call.site.target == "orders";
    let put = sound.calls.iter().find(is_put).unwrap().index;
    let run = run(&program, &Plan::one(Fault::CrashAfter, put)).unwrap();
    let diagram = run.sequence_diagram(2, 8);
    assert!(diagram.contains("Note over p1: CRASH"), "{diagram}");
    insta::assert_binary_snapshot!("crash.mmd", diagram.into_bytes());
}

#[test]
fn a_row_that_waits_for_one_that_is_not_visible_yet() {
    let program = chapter_06::PROGRAM;
    let sound = baseline(&program).unwrap();
    for plan in points(&program, &sound, Fault::HalfVisible) {
        let run = run(&program, &plan).unwrap();
        if run.calls.iter().any(|call| call.site.operation == "TransactGetItems" && call.outcome != fault_engine::Outcome::Done) {
            println!("{plan} at {}\n{}", sound.calls.len(), run.sequence_diagram(2, 40));
        }
    }
}
