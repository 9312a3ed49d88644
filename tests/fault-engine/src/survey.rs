//! Surveys of programs: the laboratory's, for programs of the shop.

use aws_fault_lab::{Effort, Fault, Plan, Row, RunError, SurveyError, parts};

use crate::judge::Kind;
use crate::program::Program;
use crate::run::Run;

/// What all runs of one row came to.
pub type Cell = aws_fault_lab::Cell<Kind>;

/// All that was found out about a program.
pub type Survey = aws_fault_lab::Survey<Kind>;

/// Surveys a program. `progress` is called with the number of runs that were added to the work, and of those
/// done.
///
/// # Errors
///
/// [`SurveyError`]
pub fn survey(
    program: &Program,
    effort: Effort,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Survey, SurveyError> {
    survey_and_show(program, effort, progress, &mut |_, _| {})
}

/// The same; each row's runs are shown to `look` as they are made, in the sequence of their plans.
///
/// # Errors
///
/// [`SurveyError`]
pub fn survey_and_show(
    program: &Program,
    effort: Effort,
    progress: &(dyn Fn(usize, usize) + Sync),
    look: &mut dyn FnMut(Row, &[Run]),
) -> Result<Survey, SurveyError> {
    parts::survey_and_show(program, effort, progress, look)
}

/// The part of a survey that concerns one fault at every point.
///
/// # Errors
///
/// [`SurveyError`]
pub fn survey_of(
    program: &Program,
    fault: Fault,
    effort: Effort,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Survey, SurveyError> {
    parts::survey_of(program, fault, effort, progress)
}

/// The run without faults. It must do no damage, and every survey begins with it.
///
/// # Errors
///
/// [`SurveyError`]
pub fn baseline(program: &Program) -> Result<Run, SurveyError> {
    parts::baseline(program)
}

/// Runs plans on several threads; the results are in the order of the plans.
///
/// # Errors
///
/// The first [`RunError`].
pub fn execute(
    program: &Program,
    plans: Vec<Plan>,
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Run>, RunError> {
    parts::execute(program, plans, threads, progress)
}

/// Every plan with this one fault.
pub fn points(program: &Program, without_faults: &Run, fault: Fault) -> Vec<Plan> {
    parts::points(&parts::Experiment::outline(program), without_faults, fault)
}

/// A plan with two to four faults at random places; everything follows from the seed.
pub fn random(program: &Program, without_faults: &Run, seed: u64) -> Plan {
    parts::random(&parts::Experiment::outline(program), without_faults, seed)
}
