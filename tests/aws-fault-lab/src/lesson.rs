//! What a failing survey says: the call, the fault, the trace with the place marked, and how to have only
//! this run again.

use std::fmt::Write as _;

use crate::experiment::Experiment as _;
use crate::laboratory::Laboratory;
use crate::plan::Plan;
use crate::run::Run;
use crate::simulate::{RunError, run};
use crate::survey::{Row, Survey, SurveyError, survey_and_show};

/// The variable with the name of the only plan that is to be run.
pub const VARIABLE: &str = "AWS_FAULT_LAB";

/// How many lines of a trace are shown before and after the fault, and how many other plans are named.
const BEFORE: usize = 8;
const AFTER: usize = 12;
const OTHERS: usize = 8;

impl Laboratory {
    /// Breaks the program in every way, and tells what was found.
    ///
    /// # Errors
    ///
    /// If the program does damage without any fault, or a run cannot be judged.
    pub fn survey(&self) -> Result<Survey<String>, SurveyError> {
        survey_and_show(self, self.effort, &|_, _| {}, &mut |_, _| {})
    }

    /// One run under a plan.
    ///
    /// # Errors
    ///
    /// If it cannot be judged.
    pub fn run(&self, plan: &Plan) -> Result<Run<String>, RunError> {
        run(self, plan, None)
    }

    /// Breaks the program in every way, and panics with a lesson if that does damage: for a test. With the
    /// environment variable `AWS_FAULT_LAB`, which names a plan such as `crash-after@7`, only that run is
    /// made, and its trace and diagram are printed.
    ///
    /// # Panics
    ///
    /// If there is damage, or no judgement.
    #[track_caller]
    pub fn check(&self) {
        let checked = match std::env::var(VARIABLE) {
            Ok(plan) => self.replay(&plan),
            Err(_) => self.lesson(),
        };
        if let Err(lesson) = checked {
            panic!("\n\n{lesson}\n");
        }
    }

    fn replay(&self, plan: &str) -> Result<(), String> {
        let plan: Plan = plan.parse().map_err(|error| format!("{VARIABLE}: {error}"))?;
        let run = self.run(&plan).map_err(|error| with_causes(&error))?;
        let told = format!("{}\n{}\n{}", run.trace(), run.sequence_diagram(6, 12), said(&run));
        eprintln!("{}\n\n{told}", plan.spec());
        if run.findings.is_empty() { Ok(()) } else { Err(run.damage()) }
    }

    fn lesson(&self) -> Result<(), String> {
        let without = self.run(&Plan::none()).map_err(|error| with_causes(&error))?;
        if !without.findings.is_empty() {
            let head = format!("{} does damage although nothing goes wrong", self.name());
            return Err(format!(
                "{head}:\n\n{}\n{}{}",
                run_in_words(&without),
                said(&without),
                how_to(&without.plan)
            ));
        }
        if without.calls.is_empty() {
            return Err(format!("{} made no AWS call, so nothing can be broken", self.name()));
        }
        let mut damaged: Vec<(Row, Run<String>)> = Vec::new();
        let mut note = |row, runs: &[Run<String>]| {
            let found = runs.iter().filter(|run| !run.findings.is_empty());
            damaged.extend(found.map(|run| (row, run.clone())));
        };
        let survey = survey_and_show(self, self.effort, &|_, _| {}, &mut note);
        let survey = survey.map_err(|error| with_causes(&error))?;
        let Some((row, first)) = damaged.first() else { return Ok(()) };
        let meaning = match row {
            Row::One(fault) => fault.meaning(),
            Row::Pairs => "two faults in one component, one soon after the other",
            Row::Random => "several faults at random",
        };
        let mut text = format!("{}: {} of {} runs did damage\n\n", self.name(), damaged.len(), survey.runs());
        let _ =
            writeln!(text, "{}: {meaning}\n\n{}\n{}", first.plan.spec(), run_in_words(first), said(first));
        let others: Vec<_> = damaged[1..].iter().map(|(_, run)| run.plan.spec()).collect();
        if !others.is_empty() {
            let more = others.len().saturating_sub(OTHERS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "also: {}{more}\n", others[..others.len().min(OTHERS)].join("  "));
        }
        Err(text + &how_to(&first.plan))
    }
}

/// The trace around the fault, or its beginning.
fn run_in_words(run: &Run<String>) -> String {
    let trace = run.trace();
    let lines: Vec<&str> = trace.lines().collect();
    let struck = lines.iter().position(|line| line.starts_with('>')).unwrap_or(0);
    let (from, to) = (struck.saturating_sub(BEFORE), (struck + AFTER).min(lines.len()));
    let mut text: String = lines[from..to].iter().map(|line| format!("  {line}\n")).collect();
    if to < lines.len() {
        let _ = writeln!(text, "    … {} more calls", lines.len() - to);
    }
    text
}

/// The damage, and the errors with which components have ended.
fn said(run: &Run<String>) -> String {
    let notes: String = run.outcome().lines().map(|note| format!("  {note}\n")).collect();
    let notes = if notes.is_empty() { notes } else { format!("\n{notes}") };
    format!("{}{notes}", run.damage())
}

fn how_to(plan: &Plan) -> String {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main").unwrap_or("NAME-OF-THE-TEST");
    format!(
        "only this run, with its whole trace and its diagram:\n  {VARIABLE}='{}' cargo test {test}",
        plan.spec()
    )
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    crate::error::in_full(error)
}
