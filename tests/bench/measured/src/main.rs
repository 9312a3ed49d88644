//! One part of the system at work: what `bench` starts and measures. Nobody needs to call it by hand.

use std::{io::Write as _, time::Duration};

use anyhow::Result;
use clap::{Parser, Subcommand};
use measured::{
    parts::{self, Part},
    stub, telemetry,
    work::Until,
};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Stands in for AWS, prints where, and goes on until it is killed.
    Stub {
        /// How long each call takes.
        #[arg(long)]
        latency_ms: u64,
        /// How many subjects are pending.
        #[arg(long, default_value_t = 0)]
        pending: u64,
    },
    /// Works, and prints what it used as JSON, for each stretch.
    Work {
        part: Part,
        /// The stand-in for AWS; none at all unless given.
        #[arg(long)]
        address: Option<String>,
        /// How long.
        #[arg(long, conflicts_with = "done", required_unless_present = "done")]
        time_ms: Option<u64>,
        /// Until so many records or messages are done, in each of the stretches.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        done: Option<u64>,
        #[arg(long, default_value_t = 1)]
        stretches: u64,
        #[arg(long, default_value_t = 1)]
        threads: usize,
        /// Counts metrics and traces meanwhile, and samples no trace; its log lines then go to standard
        /// output.
        #[arg(long)]
        told: bool,
    },
}

fn main() -> Result<()> {
    match Args::parse().command {
        Command::Stub { latency_ms, pending } => {
            runtime(1)?.block_on(stub::serve(Duration::from_millis(latency_ms), pending))
        }
        Command::Work { part, address, time_ms, done, stretches, threads, told } => {
            let until = match (time_ms, done) {
                (Some(time), _) => Until::Time(Duration::from_millis(time)),
                (None, done) => Until::Done { each: done.unwrap_or(1), stretches },
            };
            let work = async {
                let _telemetry = if told { Some(telemetry::start().await?) } else { None };
                parts::work(part, address.as_deref(), until).await
            };
            let used = runtime(threads)?.block_on(work)?;
            Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&used)?)?)
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
