//! One run: a job, processes that meet faults while they do it, one that meets none, and the judgement.

use std::{fmt, ops::Range, time::Duration};

use futures::future::LocalBoxFuture;

use crate::{
    wire::Faults,
    world::{Process, World},
};

/// Before a message comes again, or a client repeats a request: longer than a transaction takes to become
/// visible.
const PAUSE: Duration = Duration::from_secs(10);

/// A part of the system.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// How many calls it makes when nothing breaks: among these is the first fault.
    pub(crate) calls: usize,
    pub(crate) prepare: for<'a> fn(&'a World, u64) -> LocalBoxFuture<'a, Job>,
}

/// What a process is given to do, and gets again until it is done.
pub(crate) type Work = Box<dyn Fn(Process) -> LocalBoxFuture<'static, Result<(), String>>>;
/// What is wrong with what is stored and published; nothing if all is well.
pub(crate) type Judge = Box<dyn for<'a> FnOnce(&'a World) -> LocalBoxFuture<'a, Vec<String>>>;

pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) judge: Judge,
}

impl Job {
    pub(crate) fn new<F, J>(work: impl Fn(Process) -> F + 'static, judge: J) -> Self
    where
        F: Future<Output = Result<(), String>> + 'static,
        J: for<'a> FnOnce(&'a World) -> LocalBoxFuture<'a, Vec<String>> + 'static,
    {
        Self { work: Box::new(move |process| Box::pin(work(process))), judge: Box::new(judge) }
    }
}

/// What came of many runs.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) faults: u64,
    /// Processes that crashed or gave up, so that another had to take over.
    pub(crate) taken_over: u64,
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.taken_over += other.taken_over;
        self.failures.extend(other.failures);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, faults, taken_over, failures } = self;
        write!(
            f,
            "{runs:>7} runs, {faults:>7} faults, {taken_over:>7} taken over, {} violations",
            failures.len()
        )
    }
}

/// The runs of these seeds, in a world of their own.
pub(crate) fn runs(part: &Part, seeds: Range<u64>) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let world = World::open().await;
        let mut tally = Tally::default();
        for seed in seeds {
            if let Err(why) = run(part, &world, seed, &mut tally).await {
                tally.failures.push(format!("{} {seed}: {why}", part.name));
            }
        }
        tally
    })
}

async fn run(part: &Part, world: &World, seed: u64, tally: &mut Tally) -> Result<(), String> {
    tally.runs += 1;
    let mut random = fastrand::Rng::with_seed(seed);
    let job = (part.prepare)(world, seed).await;
    // The first process meets one fault for certain, and those after it may.
    for process in 0..random.usize(1..4) {
        let faults = Faults::random(&mut random, part.calls, process == 0);
        let ended = faults.strike(world, |process| (job.work)(process)).await;
        tally.faults += faults.struck();
        match ended {
            Some(Ok(())) => break,
            // Nobody takes it over: it lies in the dead-letter queue.
            Some(Err(why)) if why.starts_with("Terminal") => return Err(why),
            _ => {}
        }
        tally.taken_over += 1;
    }
    // As a message comes again after its answer was lost, or a client repeats a request.
    tokio::time::sleep(PAUSE).await;
    (job.work)(world.process()).await.map_err(|error| format!("without a fault: {error}"))?;
    let wrong = (job.judge)(world).await;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}
