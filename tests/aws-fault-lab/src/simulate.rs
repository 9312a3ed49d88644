//! Makes one run of an experiment, on a clock of its own.

use crate::connector::Sabotage;
use crate::error::BoxError;
use crate::experiment::Experiment;
use crate::plan::Plan;
use crate::run::Run;

/// Why a run came to no judgement. That is a fault of the laboratory or of what it was given, not of the
/// program.
#[derive(Debug, thiserror::Error)]
#[error("the run {plan} of {program} could not be judged")]
pub struct RunError {
    program: String,
    plan: Plan,
    #[source]
    source: BoxError,
}

/// Runs once. No socket, no thread, no real time: the same plan gives the same run. With `sabotage` every
/// request of the program is changed on its way: how a self-test takes a line out of a program.
///
/// # Errors
///
/// [`RunError`] if the run cannot be judged.
pub fn run<E: Experiment>(
    experiment: &E,
    plan: &Plan,
    sabotage: Option<Sabotage>,
) -> Result<Run<E::Kind>, RunError> {
    let failed =
        |source: BoxError| RunError { program: experiment.name().to_owned(), plan: plan.clone(), source };
    simulate(plan.seed, experiment.conduct(plan, sabotage)).map_err(failed)
}

/// Does the work under a clock of its own, which is paused, and with the chance that follows from the seed.
///
/// # Errors
///
/// Those of the work, and if there is no runtime to be had.
pub fn simulate<T>(seed: u64, work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    // The SDK's jitter and idempotency tokens come from here.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(work)
}
