//! Runs a program under a plan, from an empty AWS to the judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::call::Call;
use crate::connector::Sabotage;
use crate::fault::Plan;
use crate::judge::{Finding, Kind};
use crate::ledger::Ledger;
use crate::program::{BoxError, Program};
use crate::workload::Answer;
use crate::world::World;

/// What came out of one run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What went wrong on purpose.
    pub plan: Plan,
    /// Every AWS call of the program, in the order in which they were made.
    pub calls: Vec<Call>,
    /// How often functions were invoked.
    pub invocations: usize,
    /// The damage.
    pub findings: BTreeSet<Finding>,
    pub(crate) ledger: Ledger,
    pub(crate) cancelled: Option<Answer>,
    pub(crate) told: BTreeMap<char, Answer>,
    /// Ids of aggregates that are parked with a reason.
    pub(crate) parked: BTreeSet<String>,
}

impl Run {
    /// How many findings of this kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}

/// Why a run came to no judgement. That is a fault of the laboratory or of the embedded AWS, not of the program.
#[derive(Debug, thiserror::Error)]
#[error("the run {plan} of {program} could not be judged")]
pub struct RunError {
    program: &'static str,
    plan: Plan,
    #[source]
    source: BoxError,
}

impl RunError {
    /// A run takes the same course each time: always false.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// Runs a program once. No socket, no thread, no real time: the same plan gives the same run.
///
/// # Errors
///
/// [`RunError`] if the program could not be deployed, or its state not be read.
pub fn run(program: &Program, plan: &Plan) -> Result<Run, RunError> {
    run_sabotaged(program, plan, None)
}

/// The same with every request of the program changed on its way: how a self-test takes a line out of a program.
///
/// # Errors
///
/// [`RunError`]
pub fn run_sabotaged(program: &Program, plan: &Plan, sabotage: Option<Sabotage>) -> Result<Run, RunError> {
    let failed = |source: BoxError| RunError { program: program.name, plan: plan.clone(), source };
    simulate(plan.seed, run_here(program, plan, sabotage)).map_err(failed)
}

/// How many calls of each operation the program makes in one minute in which nothing happens, after its work is done.
///
/// # Errors
///
/// [`RunError`]
pub(crate) fn idle_minute(program: &Program) -> Result<BTreeMap<String, usize>, RunError> {
    let plan = Plan::none();
    let failed = |source: BoxError| RunError { program: program.name, plan: plan.clone(), source };
    let wait = async {
        let mut world = World::create(*program, &plan, None).await?;
        let _working = world.work().await?;
        let before = world.session.calls().len();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut counts = BTreeMap::new();
        for call in world.session.calls().split_off(before) {
            *counts.entry(call.site.operation).or_default() += 1;
        }
        Ok(counts)
    };
    simulate(plan.seed, wait).map_err(failed)
}

/// Under a clock of its own, and with the chance that follows from the seed.
fn simulate<T>(seed: u64, work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    // The SDK's jitter and idempotency tokens come from here.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(work)
}

async fn run_here(program: &Program, plan: &Plan, sabotage: Option<Sabotage>) -> Result<Run, BoxError> {
    let mut world = World::create(*program, plan, sabotage).await?;
    let (client, running) = world.work().await?;
    drop(running);
    let findings = world.look(&client).await?;
    let parked = world.parked().await?;
    let (ledger, calls, invocations) = (world.ledger(), world.session.calls(), world.session.invocations());
    Ok(Run {
        plan: plan.clone(),
        calls,
        invocations,
        findings,
        ledger,
        cancelled: client.cancelled,
        told: client.orders,
        parked,
    })
}
