//! The real system under the laboratory's workload: whole, and with each fault at points spread over its
//! calls.

use fault_engine::{Fault, Plan, points, run};
use final_program::PROGRAM;

/// Points tried for each fault. A run takes most of a second in a debug build.
const POINTS: usize = 3;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn without_faults_nothing_is_damaged() -> Outcome {
    let whole = run(&PROGRAM, &Plan::none())?;
    assert!(whole.calls.len() > 100, "only {} calls: the workload did not run", whole.calls.len());
    assert!(whole.findings.is_empty(), "{:?}", whole.findings);
    Ok(())
}

#[test]
fn single_faults_do_no_damage() -> Outcome {
    let whole = run(&PROGRAM, &Plan::none())?;
    for fault in Fault::ALL {
        let plans = points(&PROGRAM, &whole, fault);
        for plan in plans.iter().step_by(plans.len().div_ceil(POINTS).max(1)) {
            let broken = run(&PROGRAM, plan)?;
            assert!(broken.findings.is_empty(), "{plan}: {:?}", broken.findings);
        }
    }
    Ok(())
}

/// Found by random plans, with other latencies in each run: calls are slower than the visibility timeout
/// allows, and two services of AWS are away at once. SQS must not count a message out while somebody has it
/// in hand.
#[test]
fn slow_consumers_in_two_outages_leave_no_dead_letter_without_its_reason() -> Outcome {
    for seed in 0..12 {
        let plan = Plan { seed, ..Plan::one(Fault::ConcurrentConsumers, 45) };
        let plan = plan.and(Fault::Outage, 119).and(Fault::Outage, 108);
        let broken = run(&PROGRAM, &plan)?;
        assert!(broken.findings.is_empty(), "{plan}: {:?}", broken.findings);
    }
    Ok(())
}
