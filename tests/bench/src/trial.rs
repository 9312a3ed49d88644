//! Trials: each part several times, in turns with the others, each time in a process of its own against a
//! stand-in of its own.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use measured::{stub, usage::Used, work::get};

use crate::programs::{Running, released};

/// How parts are tried.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// How often each; the median counts.
    pub runs: usize,
    /// How long each time.
    pub time: Duration,
    /// How long the stand-in takes for a call.
    pub latency: Duration,
    /// Threads of the measured program; one is a runtime without any of its own.
    pub threads: usize,
}

/// The median of a part's trials.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The part.
    pub part: String,
    /// What it used.
    #[serde(flatten)]
    pub used: Used,
    /// Calls for a hundred records or messages, by operation.
    pub calls: BTreeMap<String, f64>,
}

/// A stand-in for AWS in a process of its own.
pub(crate) struct StandIn {
    /// Where it listens.
    pub(crate) address: String,
    _process: Running,
}

impl StandIn {
    /// Each call of it takes so long; so many subjects are pending.
    pub(crate) fn start(program: &Path, latency: Duration, pending: u64) -> Result<Self> {
        let (latency, pending) = (latency.as_millis().to_string(), pending.to_string());
        let process = Command::new(program)
            .args(["stub", "--latency-ms", &latency, "--pending", &pending])
            .stdout(Stdio::piped())
            .spawn()
            .context("the stand-in for AWS could not be started")?;
        let mut process = Running(process);
        let mut address = String::new();
        BufReader::new(process.0.stdout.take().context("it has no output")?).read_line(&mut address)?;
        Ok(Self { address: address.trim().to_owned(), _process: process })
    }
}

/// What a measured process says that it used.
pub(crate) fn used(command: &mut Command) -> Result<Vec<Used>> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Trial {
    /// Tries these parts, with a progress bar.
    ///
    /// # Errors
    ///
    /// When a process cannot be started, or says something else than what it used.
    pub fn of(&self, parts: &[String]) -> Result<Vec<Found>> {
        let program = released("measured")?;
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?;
        let bar = ProgressBar::new((parts.len() * self.runs) as u64).with_style(style);
        let mut found: Vec<Vec<Found>> = vec![Vec::new(); parts.len()];
        for _ in 0..self.runs {
            for (part, found) in parts.iter().zip(&mut found) {
                bar.set_message(part.clone());
                found.push(self.once(&program, part)?);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        let median = |mut runs: Vec<Found>| {
            runs.sort_by(|a, b| a.used.cpu_us.total_cmp(&b.used.cpu_us));
            let middle = runs.len() / 2;
            runs.into_iter().nth(middle)
        };
        Ok(found.into_iter().filter_map(median).collect())
    }

    fn once(&self, program: &Path, part: &str) -> Result<Found> {
        let stand_in = StandIn::start(program, self.latency, 0)?;
        let (time, threads) = (self.time.as_millis().to_string(), self.threads.to_string());
        let mut command = Command::new(program);
        command.args(["work", part, "--address", &stand_in.address]);
        command.args(["--time-ms", &time, "--threads", &threads]);
        let used = used(&mut command)?.pop().context("it said nothing")?;
        let calls: BTreeMap<String, f64> = serde_json::from_str(&get(&stand_in.address, stub::COUNTS)?)?;
        let of_hundred = |(operation, calls)| (operation, calls * 100.0 / used.done as f64);
        Ok(Found { part: part.to_owned(), used, calls: calls.into_iter().map(of_hundred).collect() })
    }
}

/// The findings as a table.
pub fn table(found: &[Found]) -> String {
    let mut text = format!(
        "{:<16}{:>12}{:>12}{:>10}{:>12}  calls per 100\n",
        "part", "CPU us each", "a second", "RSS MB", "calls"
    );
    for Found { part, used, calls } in found {
        let each: Vec<_> = calls.iter().map(|(operation, count)| format!("{operation} {count:.1}")).collect();
        let _ = writeln!(
            text,
            "{part:<16}{:>12.1}{:>12.0}{:>10.1}{:>12.1}  {}",
            used.cpu_us,
            used.a_second,
            used.rss_mb,
            calls.values().sum::<f64>(),
            each.join(", ")
        );
    }
    text
}
