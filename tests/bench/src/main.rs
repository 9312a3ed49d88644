//! Measures what the system costs: `cargo run -p bench -- receipt`.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;
use bench::receipt;
use clap::{Parser, Subcommand};

/// What the system costs, counted and measured.
#[derive(Parser)]
struct Args {
    /// Prints JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
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
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args) {
        Ok(text) => match write!(std::io::stdout(), "{text}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<String> {
    match args.command {
        Command::Receipt { lines } => {
            let receipts = receipt::receipts()?;
            if args.json {
                return Ok(serde_json::to_string_pretty(&receipts)? + "\n");
            }
            let lines = receipts.iter().filter(|_| lines).map(|receipt| receipt.lines() + "\n");
            Ok(lines.collect::<String>() + &receipt::summary(&receipts))
        }
    }
}
