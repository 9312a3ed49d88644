//! The diagram of a run is drawn from its trace, the crash where it happened.

use fault_engine::{Call, Fault, Outcome, Plan, baseline, run};

#[test]
fn the_crash_between_the_order_and_its_event() {
    let program = chapter_01::PROGRAM;
    let sound = baseline(&program).unwrap();
    let is_put =
        |call: &&fault_engine::Call| call.site.operation == "PutItem" && call.site.target == "orders";
    let put = sound.calls.iter().find(is_put).unwrap().index;
    let run = run(&program, &Plan::one(Fault::CrashAfter, put)).unwrap();
    let diagram = run.sequence_diagram(2, 8);
    assert!(diagram.contains("Note over http: CRASH"), "{diagram}");
    insta::assert_binary_snapshot!("crash.mmd", diagram.into_bytes());
}

/// The fault strikes where the chapter's story says it does, so that its relay has to ask.
#[test]
fn a_row_that_waits_for_one_that_is_not_visible_yet() {
    let program = chapter_06::PROGRAM;
    let sound = baseline(&program).unwrap();
    let mut episodes = chapter_06::story::STORY.episodes.iter();
    let episode = episodes.find(|episode| episode.fault == Fault::HalfVisible).unwrap();
    let mut run = run(&program, &episode.plan(&program, &sound).unwrap()).unwrap();
    assert!(run.findings.is_empty(), "{}", run.damage());
    let is_refused =
        |call: &&Call| call.site.operation == "TransactGetItems" && call.outcome == Outcome::Refused;
    let refused: Vec<_> = run.calls.iter().filter(is_refused).map(|call| call.index).collect();
    let (first, last) = (refused[0], refused[refused.len() - 1]);
    // It asks again and again, which is told once; so are the two commits, and nothing of other orders.
    let is_told = |call: &Call| match &*call.site.component {
        "customers-relay" => call.index <= first || call.index > last,
        _ => call.site.target == "inbox + customers-outbox + customers",
    };
    run.calls.retain(is_told);
    insta::assert_binary_snapshot!("half-visible.mmd", run.sequence_diagram(0, 9).into_bytes());
}
