//! Breaks a program in every way and counts: one fault at every point, pairs where work is taken up again,
//! and random plans with several faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::experiment::Experiment;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::plan::{Plan, Site};
use crate::points::{pairs, points, random};
use crate::run::Run;
use crate::simulate::{RunError, run};

/// How often sites that only recovery reaches are gone for.
const ROUNDS: usize = 3;

/// How much is tried beyond one fault at every point. A survey of a test of one's own tries pairs within
/// three calls and a hundred random plans on all processors.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many threads run; each run has a runtime of its own.
    pub threads: usize,
    /// How many calls after the first fault of a pair the second may strike at most.
    pub pairs_within: usize,
    /// How many random plans.
    pub random: u64,
}

impl Default for Effort {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, pairs_within: 3, random: 100 }
    }
}

/// A row of a survey's table: one fault, or one kind of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// One fault, at every point.
    One(Fault),
    /// Two faults in one component.
    Pairs,
    /// Several faults at random.
    Random,
}

impl Row {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::One(fault) => fault.name(),
            Self::Pairs => "two-crashes",
            Self::Random => "several-at-random",
        }
    }
}

/// What all runs of one row came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<K> {
    /// How many runs.
    pub runs: usize,
    /// In how many of them there was damage of each kind.
    pub damaged: BTreeMap<K, usize>,
    /// The first plan that did damage, and what it did.
    pub example: Option<(Plan, BTreeSet<Finding<K>>)>,
}

impl<K> Default for Cell<K> {
    fn default() -> Self {
        Self { runs: 0, damaged: BTreeMap::new(), example: None }
    }
}

impl<K: Ord + Clone> Cell<K> {
    fn add(&mut self, run: &Run<K>) {
        self.runs += 1;
        let kinds: BTreeSet<K> = run.findings.iter().map(|finding| finding.kind.clone()).collect();
        for kind in kinds {
            *self.damaged.entry(kind).or_default() += 1;
        }
        if self.example.is_none() && !run.findings.is_empty() {
            self.example = Some((run.plan.clone(), run.findings.clone()));
        }
    }
}

/// All that was found out about a program.
#[derive(Clone, Debug)]
pub struct Survey<K> {
    /// The table.
    pub cells: BTreeMap<Row, Cell<K>>,
    /// Call sites of the run without faults that no run has broken.
    pub unbroken: BTreeSet<Site>,
}

impl<K> Default for Survey<K> {
    fn default() -> Self {
        Self { cells: BTreeMap::new(), unbroken: BTreeSet::new() }
    }
}

impl<K> Survey<K> {
    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.cells.values().map(|cell| cell.runs).sum()
    }
}

/// Why there is no survey.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    /// A run could not be judged.
    #[error("a run could not be judged")]
    Run(#[from] RunError),
    /// The program does damage without any fault.
    #[error("{program} does damage without any fault: {}", findings.join("; "))]
    Unsound {
        /// The program.
        program: String,
        /// The damage.
        findings: Vec<String>,
    },
}

/// Is shown the runs of each row.
pub type Look<'a, K> = dyn FnMut(Row, &[Run<K>]) + 'a;

/// Surveys a program. `progress` is called with the number of runs that were added to the work, and of those
/// done; each row's runs are shown to `look` as they are made, in the sequence of their plans.
///
/// # Errors
///
/// [`SurveyError`]
pub fn survey_and_show<E: Experiment>(
    program: &E,
    effort: Effort,
    progress: &(dyn Fn(usize, usize) + Sync),
    look: &mut Look<'_, E::Kind>,
) -> Result<Survey<E::Kind>, SurveyError> {
    let sound = baseline(program)?;
    let outline = program.outline();
    let mut survey = Survey::default();
    let mut sites = Sites::default();
    let mut note = |survey: &mut Survey<E::Kind>, row, runs: &[Run<E::Kind>], sites: &mut Sites| {
        survey.note(row, runs, sites);
        look(row, runs);
    };
    let mut singles = Vec::new();
    for fault in program.faults() {
        let plans = points(&outline, &sound, fault);
        let runs = execute(program, plans, effort.threads, progress)?;
        note(&mut survey, Row::One(fault), &runs, &mut sites);
        singles.extend(runs);
    }
    let plans: Vec<Plan> = singles.iter().flat_map(|run| pairs(&outline, run, effort.pairs_within)).collect();
    drop(singles);
    for plans in plans.chunks(1_000) {
        let runs = execute(program, plans.to_vec(), effort.threads, progress)?;
        note(&mut survey, Row::Pairs, &runs, &mut sites);
    }
    let seeds: Vec<u64> = (1..=effort.random).collect();
    let tried = program.faults();
    for seeds in seeds.chunks(1_000) {
        let mut plans: Vec<_> = seeds.iter().map(|seed| random(&outline, &sound, *seed)).collect();
        plans
            .iter_mut()
            .for_each(|plan| plan.injections.retain(|injection| tried.contains(&injection.fault)));
        let runs = execute(program, plans, effort.threads, progress)?;
        note(&mut survey, Row::Random, &runs, &mut sites);
    }
    // Behind one site that only recovery reaches there may be another. Not each of them is met again, because
    // the embedded SQS gives messages whose visibility timeout has passed in any order: what a few rounds do
    // not reach stays out.
    for _ in 0..ROUNDS {
        let runs = execute(program, sites.plans_for_unbroken(), effort.threads, progress)?;
        note(&mut survey, Row::Pairs, &runs, &mut sites);
    }
    let listed = sound.calls.iter().map(|call| call.site.of_first_copy());
    survey.unbroken = listed.filter(|site| !sites.broken.contains(site)).collect();
    Ok(survey)
}

/// The part of a survey that concerns one fault at every point.
///
/// # Errors
///
/// [`SurveyError`]
pub fn survey_of<E: Experiment>(
    program: &E,
    fault: Fault,
    effort: Effort,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Survey<E::Kind>, SurveyError> {
    let plans = points(&program.outline(), &baseline(program)?, fault);
    let runs = execute(program, plans, effort.threads, progress)?;
    let mut survey = Survey::default();
    survey.note(Row::One(fault), &runs, &mut Sites::default());
    Ok(survey)
}

impl<K: Ord + Clone> Survey<K> {
    fn note(&mut self, row: Row, runs: &[Run<K>], sites: &mut Sites) {
        if runs.is_empty() {
            return;
        }
        let cell = self.cells.entry(row).or_default();
        for run in runs {
            cell.add(run);
            sites.note(run);
        }
    }
}

/// The run without faults, which must do no damage.
///
/// # Errors
///
/// [`SurveyError`]
pub fn baseline<E: Experiment>(program: &E) -> Result<Run<E::Kind>, SurveyError> {
    let sound = run(program, &Plan::none(), None)?;
    match sound.findings.is_empty() {
        true => Ok(sound),
        false => Err(SurveyError::Unsound {
            program: program.name().to_owned(),
            findings: sound.findings.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Call sites, the last plan under which each was seen, and which of them were broken.
#[derive(Default)]
struct Sites {
    seen: BTreeMap<Site, Plan>,
    broken: BTreeSet<Site>,
}

impl Sites {
    fn note<K>(&mut self, run: &Run<K>) {
        for call in &run.calls {
            let site = call.site.of_first_copy();
            if call.fault.is_some() && !self.broken.contains(&site) {
                self.broken.insert(site.clone());
            }
            if !self.broken.contains(&site) {
                self.seen.insert(site, run.plan.clone());
            }
        }
    }

    /// Sites that only recovery reaches: the fault that leads there, and then a crash on either side of the
    /// call.
    fn plans_for_unbroken(&self) -> Vec<Plan> {
        let unbroken = self.seen.iter().filter(|(site, _)| !self.broken.contains(*site));
        let crashes = [Fault::CrashBefore, Fault::CrashAfter];
        let strike = |plan: &Plan, fault, site: &Site| Plan {
            at_site: Some(Box::new((fault, site.clone()))),
            ..plan.clone()
        };
        unbroken.flat_map(|(site, plan)| crashes.map(|fault| strike(plan, fault, site))).collect()
    }
}

/// Runs plans on several threads; the results are in the order of the plans.
///
/// # Errors
///
/// The first [`RunError`].
pub fn execute<E: Experiment>(
    program: &E,
    plans: Vec<Plan>,
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Run<E::Kind>>, RunError> {
    progress(plans.len(), 0);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(plans.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plan) = plans.get(index) else { break };
                    let result = run(program, plan, None);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                    progress(0, 1);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
