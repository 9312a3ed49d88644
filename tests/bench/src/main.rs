//! Measures what the system costs: `cargo run -p bench -- receipt`, `cargo run --release -p bench -- relay`.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result};
use bench::{
    plot::bars,
    receipt, saga, stub,
    trial::{Found, Trial, table},
    worker::{self, Part},
};
use clap::{Parser, Subcommand};

/// What the system costs, counted and measured.
#[derive(Parser)]
struct Args {
    /// Prints JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Writes SVG plots into this folder as well.
    #[arg(long, global = true)]
    plots: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Dollars for a million orders and messages, of each chapter, of final, and of two other designs, by counted units.
    Receipt {
        /// Also each line, with its reason.
        #[arg(long)]
        lines: bool,
        /// How many orders are placed at the same moment, each of another customer, and share calls.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        together: u32,
    },
    /// Processor time of the relay for a record, beside the least that a relay can do.
    Relay(Times),
    /// Processor time of the consumer for a message.
    Consumer(Times),
    /// Orders through the shop: the time of one alone, and how many a second when many are on their way.
    Saga {
        /// How many orders, after the first ones.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..))]
        orders: u32,
        /// How many of them are on their way at any time.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        in_flight: u32,
    },
    /// Relay, consumer and receipt.
    All(Times),
    #[command(hide = true)]
    Stub {
        #[arg(long)]
        latency_ms: u64,
    },
    #[command(hide = true)]
    Worker {
        part: Part,
        #[arg(long)]
        address: String,
        #[arg(long)]
        time_ms: u64,
        #[arg(long)]
        threads: usize,
    },
}

#[derive(clap::Args)]
struct Times {
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How long each time.
    #[arg(long, default_value_t = 2_000)]
    time_ms: u64,
    /// How long the stand-in for AWS takes for a call.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Threads of the measured program.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

const RELAY: [&str; 6] =
    ["reference:100", "relay:1/1", "relay:10/1", "relay:100/1", "relay:100/10", "relay:100/100"];
const CONSUMER: [&str; 1] = ["consumer"];
/// More than any run can take out of the queue.
const MESSAGES: u64 = u64::MAX >> 8;

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args).and_then(|text| Ok(write!(std::io::stdout(), "{text}")?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<String> {
    match &args.command {
        Command::Receipt { lines, together } => receipt(args, *lines, *together),
        Command::Relay(times) => trial(args, times, &RELAY),
        Command::Consumer(times) => trial(args, times, &CONSUMER),
        Command::All(times) => {
            Ok(trial(args, times, &[&RELAY[..], &CONSUMER[..]].concat())? + "\n" + &receipt(args, false, 1)?)
        }
        Command::Saga { orders, in_flight } => {
            let saga = runtime(1)?.block_on(saga::measure(*orders, *in_flight))?;
            let rates: Vec<_> =
                (1..).map(|part: u32| format!("tenth {part}")).zip(saga.a_second.clone()).collect();
            plot(args.plots.as_deref(), "saga", "orders a second", &rates)?;
            Ok(if args.json { serde_json::to_string_pretty(&saga)? + "\n" } else { saga.text() })
        }
        Command::Stub { latency_ms } => {
            let served = stub::serve(Duration::from_millis(*latency_ms), MESSAGES);
            runtime(1)?.block_on(served).map(|()| String::new())
        }
        Command::Worker { part, address, time_ms, threads } => {
            let used =
                runtime(*threads)?.block_on(worker::work(*part, address, Duration::from_millis(*time_ms)))?;
            Ok(serde_json::to_string(&used)?)
        }
    }
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(threads.max(1)).enable_all().build()?)
}

fn receipt(args: &Args, lines: bool, together: u32) -> Result<String> {
    let receipts = receipt::receipts(together)?;
    let dollars: Vec<_> = receipts.iter().map(|receipt| (receipt.name.clone(), receipt.dollars)).collect();
    plot(args.plots.as_deref(), "receipt", "US dollars for a million approved orders", &dollars)?;
    if args.json {
        return Ok(serde_json::to_string_pretty(&receipts)? + "\n");
    }
    let lines = receipts.iter().filter(|_| lines).map(|receipt| receipt.lines() + "\n");
    Ok(lines.collect::<String>() + &receipt::summary(&receipts))
}

fn trial(args: &Args, times: &Times, parts: &[&str]) -> Result<String> {
    let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
    let milliseconds = Duration::from_millis;
    let trial = Trial {
        runs: times.runs.max(1),
        time: milliseconds(times.time_ms),
        latency: milliseconds(times.latency_ms),
        threads: times.threads,
    };
    let found = trial.of(&parts)?;
    let figures = |figure: fn(&Found) -> f64| -> Vec<_> {
        found.iter().map(|found| (found.part.clone(), figure(found))).collect()
    };
    let plots = args.plots.as_deref();
    plot(plots, "cpu", "processor time of a record or message, microseconds", &figures(|f| f.used.cpu_us))?;
    plot(plots, "calls", "calls for a hundred records or messages", &figures(|f| f.calls.values().sum()))?;
    Ok(if args.json { serde_json::to_string_pretty(&found)? + "\n" } else { table(&found) })
}

fn plot(folder: Option<&Path>, name: &str, title: &str, figures: &[(String, f64)]) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    let file = folder.join(format!("{name}.svg"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, bars(title, figures)))
        .with_context(|| format!("{} could not be written", file.display()))
}
