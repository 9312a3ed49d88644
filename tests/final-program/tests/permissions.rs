//! Notes what every component needs of IAM while the laboratory breaks it: recovery makes calls that a run
//! without faults does not. `scripts/check-infrastructure` compares the notes with the policies in
//! `terraform/`.

use std::{collections::BTreeSet, path::Path};

use fault_engine::{Call, Fault, Plan, Program, Role, Run, execute, points, run};
use final_program::{PROGRAM, note_calls};

/// The streams tell nobody anything, and the sweepers have to do all the work.
const WITHOUT_STREAMS: Program = Program { functions: &[], ..PROGRAM };

/// Points tried for each fault.
const POINTS: usize = 2;

/// No less than there are queues; beyond the last they begin anew.
const MOST_QUEUES: usize = 10;

/// What the sweepers send is refused for ever, and what they read of many subjects at once cannot be read.
fn plans_of_sweepers(swept: &Run) -> Vec<Plan> {
    let refused = points(&WITHOUT_STREAMS, swept, Fault::RefusedMessage);
    let reads = ["customers-sweeper", "orders-sweeper"].into_iter().filter_map(|sweeper| {
        let is_read =
            |call: &&Call| &*call.site.component == sweeper && call.site.operation == "BatchGetItem";
        Some(Plan::one(Fault::Outage, swept.calls.iter().find(is_read)?.index))
    });
    refused.into_iter().chain(reads).collect()
}

#[test]
fn needs_are_noted() -> Result<(), Box<dyn std::error::Error>> {
    let log = note_calls();
    let swept = run(&WITHOUT_STREAMS, &Plan::none())?;
    assert!(swept.findings.is_empty(), "the sweepers alone do not suffice: {:?}", swept.findings);
    let whole = run(&PROGRAM, &Plan::none())?;
    let mut plans = Vec::new();
    for fault in Fault::ALL {
        let all = points(&PROGRAM, &whole, fault);
        let step = all.len().div_ceil(POINTS).max(1);
        plans.extend(all.into_iter().step_by(step));
    }
    // A message that nobody can read in each of the queues; three variants belong to one queue.
    plans.extend((0..MOST_QUEUES).map(|queue| Plan::one(Fault::PoisonPayload, queue * 3)));
    // Messages of each queue cannot be handled for a while.
    let handled = whole.calls.iter().filter(|call| {
        let consumers = PROGRAM.workers.iter().filter(|worker| worker.role == Role::Consumer);
        consumers.map(|worker| worker.name).any(|name| *name == *call.site.component)
            && call.site.operation == "TransactWriteItems"
    });
    plans.extend(handled.map(|call| Plan::one(Fault::Outage, call.index)));
    execute(&PROGRAM, plans, 2, &|_, _| {})?;
    execute(&WITHOUT_STREAMS, plans_of_sweepers(&swept), 2, &|_, _| {})?;
    let components: BTreeSet<_> = log.calls().into_iter().map(|(component, _, _)| component).collect();
    let expected =
        ["customers", "customers-relay", "customers-sweeper", "orders", "orders-relay", "orders-sweeper"];
    assert!(
        components.iter().eq(expected),
        "a component that made no call has shown nothing: {components:?}"
    );
    log.write(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("calls/faults.tsv"))?;
    Ok(())
}
