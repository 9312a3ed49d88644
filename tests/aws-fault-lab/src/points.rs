//! Where a fault can strike: generated from a run without faults, never written by hand.

use crate::call::{Call, Outcome};
use crate::experiment::Outline;
use crate::fault::Fault;
use crate::plan::{EVERY_INVOCATION, Plan, half_visible_place};
use crate::poison;
use crate::run::Run;

/// How often consumers are run twice, each time with other latencies.
const CONCURRENT_RUNS: u64 = 25;

/// How often each poller is run twice, each time with other latencies.
const RELAY_RUNS: u64 = 5;

/// In how many sequences each transaction becomes visible.
const SEQUENCES: usize = 5;

/// Every plan with this one fault.
pub fn points<K>(outline: &Outline, without_faults: &Run<K>, fault: Fault) -> Vec<Plan> {
    match fault {
        Fault::DuplicateDelivery => vec![Plan::one(fault, 0), Plan::one(fault, 1)],
        Fault::ConcurrentConsumers if outline.consumers.is_empty() => Vec::new(),
        Fault::ConcurrentConsumers => {
            (0..CONCURRENT_RUNS).map(|seed| Plan { seed, ..Plan::one(fault, 0) }).collect()
        }
        Fault::PoisonPayload => {
            (0..poison::variants(without_faults.queues)).map(|at| Plan::one(fault, at)).collect()
        }
        Fault::HalfVisible => {
            let transactions = without_faults.calls.iter().filter(|call| call.is_transaction()).count();
            let sequences = |number| (0..SEQUENCES).map(move |sequence| half_visible_place(number, sequence));
            (0..transactions).flat_map(sequences).map(|at| Plan::one(fault, at)).collect()
        }
        Fault::ConcurrentRelays if outline.functions.is_empty() => {
            let relays = outline.relays.len() as u64;
            (0..relays * RELAY_RUNS).map(|seed| Plan { seed, ..Plan::one(fault, 0) }).collect()
        }
        _ if fault.strikes_a_function() && outline.functions.is_empty() => Vec::new(),
        _ if fault.strikes_a_function() => {
            let each = (0..without_faults.invocations).chain([EVERY_INVOCATION]);
            each.map(|at| Plan::one(fault, at)).collect()
        }
        _ => {
            let struck = without_faults.calls.iter().filter(|call| can_strike(fault, call));
            struck.map(|call| Plan::one(fault, call.index)).collect()
        }
    }
}

/// Whether the fault makes sense for this call.
pub(crate) fn can_strike(fault: Fault, call: &Call) -> bool {
    let operation = call.site.operation.as_str();
    match fault {
        Fault::TransactionConflict => call.is_transaction(),
        Fault::PartialBatchFailure => {
            matches!(operation, "PublishBatch" | "BatchWriteItem" | "BatchGetItem")
        }
        Fault::RefusedMessage | Fault::RefusedForAWhile => operation.starts_with("Publish"),
        // A poll that was under way when the run ended has no other side.
        _ => fault.strikes_a_call() && call.outcome != Outcome::Unanswered,
    }
}

/// Faults that end a component's work at a point it did not choose. Two of them in a row are what recovery
/// has to stand.
const FIRST_OF_PAIR: [Fault; 3] = [Fault::CrashBefore, Fault::CrashAfter, Fault::AnswerLost];
const SECOND_OF_PAIR: [Fault; 2] = [Fault::CrashBefore, Fault::CrashAfter];

/// Plans with a second fault in the same component soon after the first: for relays and consumers, whose work
/// is taken up again after a crash. `within` is how many calls later at most.
pub(crate) fn pairs<K>(outline: &Outline, run: &Run<K>, within: usize) -> Vec<Plan> {
    let [first] = run.plan.injections.as_slice() else { return Vec::new() };
    let Some(struck) = run.calls.get(first.at).filter(|_| FIRST_OF_PAIR.contains(&first.fault)) else {
        return Vec::new();
    };
    if !outline.restarts(&struck.site.of_first_copy().component) {
        return Vec::new();
    }
    let later = run.calls[first.at + 1..].iter().filter(|call| call.site.component == struck.site.component);
    let later =
        later.filter(|call| !matches!(call.outcome, Outcome::Unanswered | Outcome::Empty)).take(within);
    later.flat_map(|call| SECOND_OF_PAIR.map(|fault| run.plan.and(fault, call.index))).collect()
}

/// A plan with two to four faults at random places; everything follows from the seed.
pub fn random<K>(outline: &Outline, without_faults: &Run<K>, seed: u64) -> Plan {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut plan = Plan { seed, ..Plan::none() };
    let calls = &without_faults.calls;
    // Some faults have rows of their own only, so that a seed means the plan that it has always meant.
    let own_rows = [Fault::SlowAnswers, Fault::RefusedForAWhile, Fault::HalfVisible];
    let at_random: Vec<_> = Fault::ALL.into_iter().filter(|fault| !own_rows.contains(fault)).collect();
    for _ in 0..rng.usize(2..=4) {
        // Twice the calls: recovery makes calls that a run without faults does not.
        let at = rng.usize(0..(calls.len() * 2).max(1));
        let fault = at_random[rng.usize(0..at_random.len())];
        let at = match fault {
            Fault::PoisonPayload if without_faults.queues == 0 => continue,
            Fault::PoisonPayload => at % poison::variants(without_faults.queues),
            Fault::DuplicateDelivery => at % 2,
            _ if fault.strikes_a_function() && outline.functions.is_empty() => continue,
            _ if fault.strikes_a_function() => at % without_faults.invocations.max(1),
            _ => at,
        };
        plan = plan.and(fault, at);
    }
    plan
}
