//! Runs a program under a plan, from an empty AWS to the judgement.

use std::collections::BTreeSet;

use crate::call::Call;
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
    /// The damage.
    pub findings: BTreeSet<Finding>,
    pub(crate) ledger: Ledger,
    pub(crate) cancelled: Option<Answer>,
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
    let failed = |source: BoxError| RunError { program: program.name, plan: plan.clone(), source };
    // The SDK's jitter and idempotency tokens come from here.
    fastrand::seed(plan.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| failed(error.into()))?;
    runtime.block_on(run_here(program, plan)).map_err(failed)
}

async fn run_here(program: &Program, plan: &Plan) -> Result<Run, BoxError> {
    let mut world = World::create(*program, plan).await?;
    let client = world.work().await?;
    let findings = world.look(&client).await?;
    let (ledger, calls) = (world.ledger(), world.session.calls());
    Ok(Run { plan: plan.clone(), calls, findings, ledger, cancelled: client.cancelled })
}
