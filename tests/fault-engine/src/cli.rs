//! The command line of a chapter: its story, its endpoints, its faults.

use std::io::{self, Write};
use std::process::ExitCode;

use aws_fault_lab::{BoxError, EVERY_INVOCATION, Fault};
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::program::Program;
use crate::serve::serve;
use crate::story::Story;
use crate::survey::{baseline, execute, points};

/// Tells the chapter's story: without faults, then with them, and the damage.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the HTTP endpoints and the live page on 127.0.0.1, over an AWS in the same process.
    Serve {
        /// The port; 0 is any free one.
        #[arg(long, default_value_t = 9700)]
        port: u16,
    },
    /// Inject one fault at every point and print the damage.
    Fault {
        /// The fault's name, or LIST for all of them.
        name: String,
    },
}

/// Runs a chapter with the arguments of the process. Exit code 2 for a fault that does not exist.
pub fn main(story: &Story) -> ExitCode {
    let done = match Args::parse().command {
        None => story.tell().map_err(BoxError::from).and_then(|text| print(&text)),
        Some(Command::Serve { port }) => start(story, port),
        Some(Command::Fault { name }) if name.eq_ignore_ascii_case("list") => print(&list()),
        Some(Command::Fault { name }) => match name.parse() {
            Ok(fault) => inject(&story.program, fault).and_then(|text| print(&text)),
            Err(unknown) => {
                let _ = writeln!(io::stderr(), "{unknown}");
                return ExitCode::from(2);
            }
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn start(story: &Story, port: u16) -> Result<(), BoxError> {
    tokio::runtime::Runtime::new()?.block_on(serve(&story.program, port))
}

/// A reader may stop reading (`| head`); that is no failure.
fn print(text: &str) -> Result<(), BoxError> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn list() -> String {
    Fault::ALL.iter().map(|fault| format!("{:<22} {}\n", fault.name(), fault.meaning())).collect()
}

/// Every point at which the fault can strike, and what it damages there.
fn inject(program: &Program, fault: Fault) -> Result<String, BoxError> {
    let sound = baseline(program)?;
    let plans = points(program, &sound, fault);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = progress();
    let runs = execute(program, plans, threads, &|added, done| {
        bar.inc_length(added as u64);
        bar.inc(done as u64);
    })?;
    bar.finish_and_clear();
    let mut text = format!("{fault}: {}\n\n", fault.meaning());
    for run in runs.iter().filter(|run| !run.findings.is_empty()) {
        let at = run.plan.injections[0].at;
        let site =
            run.struck().map_or_else(|| variant(at), |call| format!("call {}, {}", call.index, call.site));
        text.push_str(&format!("{site}\n{}", run.damage()));
    }
    let damaged = runs.iter().filter(|run| !run.findings.is_empty()).count();
    text.push_str(&format!("{} runs, {damaged} with damage\n", runs.len()));
    Ok(text)
}

/// Some faults take minutes. Nothing is drawn where standard error is no terminal.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn variant(at: usize) -> String {
    if at == EVERY_INVOCATION { "every invocation".to_owned() } else { format!("variant {at}") }
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
