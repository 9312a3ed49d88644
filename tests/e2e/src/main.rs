//! The soak under kills on the command line: the system as six processes, one of which is killed every
//! second.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;

/// Kills one process of the system every second, under load, and audits what is stored afterwards.
#[derive(Parser)]
struct Args {
    /// How long to place orders and to kill.
    #[arg(long, value_parser = minutes, default_value = "2")]
    minutes: Duration,
}

fn main() -> ExitCode {
    match soak(Args::parse().minutes) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was lost, doubled, or left.
fn soak(time: Duration) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(e2e::kill::soak(time))?;
    writeln!(io::stdout(), "{report}")?;
    Ok(report.is_clean())
}

/// A number of minutes, which may have a fraction.
fn minutes(text: &str) -> Result<Duration, String> {
    let minutes: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    Duration::try_from_secs_f64(minutes * 60.0).map_err(|error| error.to_string())
}
