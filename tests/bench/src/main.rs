//! Measures what the system costs: `cargo run -p bench -- receipt`, or `relay`, `consumer`, `saga`, `growth`,
//! `cold-start`, `all`.
//!
//! This program only starts and watches others, so it is fast enough as it is built for tests. Those that it
//! measures it builds in release.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use bench::{
    cold_start,
    growth::{self, Growth},
    instructions::Instructions,
    plot::bars,
    receipt,
    saga::{self, Saga},
    trial::{Found, Trial, table},
};
use clap::{Parser, Subcommand};
use measured::usage::Used;
use serde::Serialize;

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
    /// Dollars for a million orders and messages, of each chapter, of final, and of two other designs, by
    /// counted units.
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
        #[arg(long, default_value_t = ORDERS, value_parser = clap::value_parser!(u32).range(10..))]
        orders: u32,
        /// How many of them are on their way at any time.
        #[arg(long, default_value_t = IN_FLIGHT, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        in_flight: u32,
    },
    /// All of these but the instructions.
    All(Times),
    /// Processor time and memory while a million messages are sent, and when a million subjects are pending.
    Growth {
        /// How many.
        #[arg(long, default_value_t = MESSAGES, value_parser = clap::value_parser!(u64).range(1_000..))]
        messages: u64,
    },
    /// The time from the start of the relay's Lambda function to its first answer, and its memory.
    ColdStart,
    /// Instructions of a record or message, by Valgrind, compared with those that are stored.
    Instructions {
        /// Stores what was counted.
        #[arg(long)]
        store: bool,
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
const ORDERS: u32 = 1_000;
const IN_FLIGHT: u32 = 100;
const MESSAGES: u64 = 1_000_000;
/// Figures that a change is compared with.
const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

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
            let mut text = trial(args, times, &[&RELAY[..], &CONSUMER[..]].concat())? + "\n";
            text += &(saga(args, ORDERS, IN_FLIGHT)? + "\n");
            text += &(growth(args, MESSAGES)? + "\n");
            text += &(shown(args, &cold_start::measure()?, |found| cold_start::table(found))? + "\n");
            Ok(text + &receipt(args, false, 1)?)
        }
        Command::Saga { orders, in_flight } => saga(args, *orders, *in_flight),
        Command::Growth { messages } => growth(args, *messages),
        Command::ColdStart => shown(args, &cold_start::measure()?, |found| cold_start::table(found)),
        Command::Instructions { store } => instructions(args, *store),
    }
}

/// As JSON if that is wanted, and else as this text.
fn shown<T: Serialize>(args: &Args, found: &T, text: impl FnOnce(&T) -> String) -> Result<String> {
    Ok(if args.json { serde_json::to_string_pretty(found)? + "\n" } else { text(found) })
}

fn saga(args: &Args, orders: u32, in_flight: u32) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let saga = runtime.block_on(saga::measure(orders, in_flight))?;
    plot(args.plots.as_deref(), "saga", "orders a second", &numbered("tenth", &saga.a_second))?;
    shown(args, &saga, Saga::text)
}

fn growth(args: &Args, messages: u64) -> Result<String> {
    let growth = growth::measure(messages)?;
    let figures = |figure: fn(&Used) -> f64| growth.relay.iter().map(figure).collect::<Vec<_>>();
    let plots = args.plots.as_deref();
    let title = "processor time of a message, microseconds, each tenth of them";
    plot(plots, "growth-cpu", title, &numbered("tenth", &figures(|used| used.cpu_us)))?;
    let title = "peak memory, megabytes, after each tenth of the messages";
    plot(plots, "growth-memory", title, &numbered("tenth", &figures(|used| used.rss_mb)))?;
    shown(args, &growth, Growth::text)
}

fn instructions(args: &Args, store: bool) -> Result<String> {
    let counted = Instructions::count()?;
    if store {
        fs::write(STORED, serde_json::to_string_pretty(&counted)? + "\n")?;
    } else {
        let stored = fs::read_to_string(STORED).with_context(|| format!("{STORED} is missing"))?;
        let differences = counted.differences(&serde_json::from_str(&stored)?);
        let advice = "if that is meant: cargo run -p bench -- instructions --store";
        ensure!(differences.is_empty(), "{}\n{advice}", differences.join("\n"));
    }
    shown(args, &counted, Instructions::text)
}

fn numbered(what: &str, figures: &[f64]) -> Vec<(String, f64)> {
    (1..).map(|number: u32| format!("{what} {number}")).zip(figures.iter().copied()).collect()
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
