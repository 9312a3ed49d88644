//! The laboratory on the command line: the matrix, random plans in large numbers, the trace of one run.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use fault_engine::{
    Effort, Fault, Plan, Program, baseline, execute, random, run, survey_and_show, survey_of,
};
use fault_lab::gallery::Gallery;
use fault_lab::matrix::{Column, FULL, surprises, table};
use fault_lab::programs::{PROGRAMS, named};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mimalloc::MiMalloc;

/// A run is short and makes many small things: the system's allocator is a fifth of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Breaks the programs of the book in every way, and counts the damage.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every program against every fault.
    Matrix {
        /// One fault at a time only, neither pairs nor random plans.
        #[arg(long)]
        quick: bool,
        /// Only this program.
        #[arg(long, value_parser = named)]
        program: Option<Program>,
        /// Only this fault.
        #[arg(long, conflicts_with_all = ["output", "columns", "runs"])]
        fault: Option<Fault>,
        /// Write the table to this file as well, once it is complete.
        #[arg(long)]
        output: Option<PathBuf>,
        /// Write each program's column to a file in this folder as well, in the form in which the tests store
        /// it.
        #[arg(long)]
        columns: Option<PathBuf>,
        /// Write each program's runs to a file in this folder as well, in the form in which the book shows
        /// them (book/src/runs).
        #[arg(long)]
        runs: Option<PathBuf>,
    },
    /// Random plans with several faults each.
    Soak {
        /// How many plans.
        #[arg(long, default_value_t = 1_000)]
        seeds: u64,
        /// The program.
        #[arg(long, value_parser = named, default_value = "final")]
        program: Program,
        /// Replay this one plan and print what happened.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// One run with one fault, as a Mermaid sequence diagram.
    Trace {
        /// The program.
        #[arg(long, value_parser = named)]
        program: Program,
        /// The fault.
        #[arg(long)]
        fault: Fault,
        /// The index of the call that it strikes.
        #[arg(long)]
        at: usize,
    },
}

fn main() -> ExitCode {
    match start(Args::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it should be.
fn start(command: Command) -> Result<bool> {
    match command {
        Command::Matrix { program, fault: Some(fault), .. } => row(&selected(program), fault),
        Command::Matrix { quick, program, output, columns, runs, .. } => {
            matrix(quick, &selected(program), output, [columns, runs])
        }
        Command::Soak { program, seed: Some(seed), .. } => replay(&program, seed),
        Command::Soak { seeds, program, seed: None } => soak(&program, seeds),
        Command::Trace { program, fault, at } => {
            let run = run(&program, &Plan::one(fault, at))?;
            write!(io::stdout(), "{}", run.sequence_diagram(6, 12))?;
            Ok(true)
        }
    }
}

fn matrix(
    quick: bool,
    programs: &[Program],
    output: Option<PathBuf>,
    [columns_in, runs_in]: [Option<PathBuf>; 2],
) -> Result<bool> {
    let effort = if quick { Effort { pairs_within: 0, random: 0, ..FULL } } else { FULL };
    let bar = progress_bar();
    let (mut columns, mut surprising) = (Vec::new(), Vec::new());
    for program in programs {
        let mut gallery = Gallery::new(program.name, &baseline(program)?);
        let progress = |added, done| advance(&bar, added, done);
        let survey = survey_and_show(program, effort, &progress, &mut |row, runs| gallery.keep(row, runs))?;
        if let Some(folder) = &runs_in {
            write_at_once(&folder.join(format!("{}.snap.js", program.name)), &gallery.text())?;
        }
        let column = Column::of(program.name, &survey);
        if let Some(folder) = &columns_in {
            write_at_once(&folder.join(format!("{}.txt", program.name)), &column.text())?;
        }
        columns.push(column);
        surprising.extend(surprises(program.name, &survey));
    }
    bar.finish_and_clear();
    let mut out = io::stdout();
    write!(out, "{}", table(&columns))?;
    if let Some(path) = output {
        write_at_once(&path, &table(&columns))?;
    }
    for surprise in surprising.iter().filter(|_| !quick) {
        writeln!(out, "{surprise}")?;
    }
    Ok(quick || surprising.is_empty())
}

fn selected(program: Option<Program>) -> Vec<Program> {
    program.map_or(PROGRAMS.to_vec(), |program| vec![program])
}

/// One row of the matrix, and whether it is as it should be.
fn row(programs: &[Program], fault: Fault) -> Result<bool> {
    let bar = progress_bar();
    let (mut out, mut is_expected) = (io::stdout(), true);
    for program in programs {
        let survey = survey_of(program, fault, FULL, &|added, done| advance(&bar, added, done))?;
        let column = Column::of(program.name, &survey);
        let line = column.text().lines().find(|line| line.starts_with(fault.name())).map(str::to_owned);
        writeln!(out, "{:<12}  {}", program.name, line.unwrap_or_default())?;
        for surprise in surprises(program.name, &survey) {
            is_expected = false;
            writeln!(out, "{surprise}")?;
        }
    }
    bar.finish_and_clear();
    Ok(is_expected)
}

/// Either the old file or the new one is there, never a part.
fn write_at_once(path: &std::path::Path, text: &str) -> Result<()> {
    let beside = path.with_extension("partial");
    std::fs::write(&beside, text).with_context(|| format!("could not write {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("could not write {}", path.display()))
}

fn soak(program: &Program, seeds: u64) -> Result<bool> {
    let sound = baseline(program)?;
    let plans: Vec<Plan> = (1..=seeds).map(|seed| random(program, &sound, seed)).collect();
    let faults: usize = plans.iter().map(|plan| plan.injections.len()).sum();
    let bar = progress_bar();
    let begun = Instant::now();
    let runs = execute(program, plans, FULL.threads, &|added, done| advance(&bar, added, done))?;
    let seconds = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let mut out = io::stdout();
    let damaged: Vec<_> = runs.iter().filter(|run| !run.findings.is_empty()).collect();
    for run in &damaged {
        writeln!(out, "{}\n{}", run.plan, run.damage())?;
    }
    let per_second = runs.len() as f64 / seconds;
    writeln!(
        out,
        "{}: seeds 1 to {seeds}, {faults} faults injected, {per_second:.0} runs a second",
        program.name
    )?;
    writeln!(out, "{} runs with violations", damaged.len())?;
    Ok(damaged.is_empty())
}

fn replay(program: &Program, seed: u64) -> Result<bool> {
    let plan = random(program, &baseline(program)?, seed);
    let run = run(program, &plan)?;
    let mut out = io::stdout();
    writeln!(out, "{plan}\n\n{}\n{}", run.outcome(), run.damage())?;
    for call in run.calls.iter().filter(|call| call.fault.is_some()) {
        let fault = call.fault.map(Fault::name).unwrap_or_default();
        writeln!(out, "{:>8.3} s  {fault} at call {}, {}", call.at.as_secs_f64(), call.index, call.site)?;
    }
    Ok(run.findings.is_empty())
}

/// On a terminal only: a log file needs none.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    // A template that is a literal either always parses or never.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn advance(bar: &ProgressBar, added: usize, done: usize) {
    bar.inc_length(added as u64);
    bar.inc(done as u64);
}
