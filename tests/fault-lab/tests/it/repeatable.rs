//! Two runs of one plan take the same course, call by call.

use fault_engine::{Fault, Plan, baseline, random, run};
use fault_lab::programs::PROGRAMS;

#[test]
fn two_runs_of_one_plan_have_the_same_trace() {
    for program in PROGRAMS {
        let sound = baseline(&program).unwrap();
        let several = random(&program, &sound, 7);
        for plan in [Plan::none(), Plan::one(Fault::AnswerLost, 20), several] {
            let (first, second) = (run(&program, &plan).unwrap(), run(&program, &plan).unwrap());
            let differs = first.calls.iter().zip(&second.calls).find(|(first, second)| first != second);
            assert!(differs.is_none(), "{} {plan}: {differs:?}", program.name);
            assert_eq!(first.calls.len(), second.calls.len(), "{} {plan}", program.name);
            assert_eq!(first.findings, second.findings, "{} {plan}", program.name);
        }
    }
}

#[test]
fn a_fault_changes_nothing_before_it_strikes() {
    let program = fault_lab::programs::named("chapter-06").unwrap();
    let sound = baseline(&program).unwrap();
    let struck = run(&program, &Plan::one(Fault::CrashAfter, 60)).unwrap();
    assert_eq!(
        sound.calls[..60].iter().map(|call| &call.site).collect::<Vec<_>>(),
        struck.calls[..60].iter().map(|call| &call.site).collect::<Vec<_>>()
    );
    assert_eq!(struck.calls[60].fault, Some(Fault::CrashAfter));
}
