//! How many instructions a record or message takes, counted by Valgrind: a figure that other load on the
//! machine hardly changes. Two runs of one version differ by up to 2 %, because the relay waits for real
//! moments to share its calls, and another processor may differ by more; so this is run by hand before and
//! after a change, and is no step of `scripts/test`.
//!
//! The part works in a process of its own with the real SDK, on an AWS that answers inside the process. It is
//! run with few records and with many; the difference is what the records took, and the start falls out. It
//! is the program as it is built for tests (the profile `dev`), because that is built anyway: what is
//! compared is one version with the next, not with a clock. gungraun does the same from inside of a
//! benchmark; it needs a second program that is in no registry of wheels, and would have to be compiled
//! before each run of the tests.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::programs::beside;

/// By how much a figure may differ from the one that is stored. Hashes and the order of tasks are by chance,
/// the code is not.
pub const TOLERANCE: f64 = 0.03;

/// What is counted, with the numbers of records of the two runs.
///
/// `--told` is the same with metrics that are counted and traces that are not sampled.
const PARTS: [(&str, u64, u64); 6] = [
    ("relay:100/1", 200, 800),
    ("relay:100/10", 200, 800),
    ("reference:100", 200, 800),
    ("consumer", 400, 1_000),
    ("relay:100/1 --told", 200, 800),
    ("consumer --told", 400, 1_000),
];

/// Thousands of instructions for each record or message, by part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instructions(pub BTreeMap<String, f64>);

impl Instructions {
    /// Counts them.
    ///
    /// # Errors
    ///
    /// When Valgrind or the program is missing, or fails.
    pub fn count() -> Result<Self> {
        let program = beside("measured")?;
        let count = |(part, few, many): (&str, u64, u64)| {
            let taken = instructions(&program, part, many)? - instructions(&program, part, few)?;
            Ok((part.to_owned(), (taken / (many - few) as f64 / 100.0).round() / 10.0))
        };
        PARTS.into_iter().map(count).collect::<Result<_>>().map(Self)
    }

    /// What differs from the stored figures by more than the [`TOLERANCE`], up or down, and what is missing
    /// in one of them.
    pub fn differences(&self, stored: &Self) -> Vec<String> {
        let names = self.0.keys().chain(stored.0.keys().filter(|name| !self.0.contains_key(*name)));
        let differs = names.filter_map(|name| match (stored.0.get(name), self.0.get(name)) {
            (Some(old), Some(new)) if (new / old - 1.0).abs() <= TOLERANCE => None,
            (Some(old), Some(new)) => {
                let percent = (new / old - 1.0) * 100.0;
                Some(format!("{name}: {new} thousand instructions, stored are {old} ({percent:+.1} %)"))
            }
            (old, new) => Some(format!("{name}: {new:?}, stored is {old:?}")),
        });
        differs.collect()
    }

    /// The figures as text.
    pub fn text(&self) -> String {
        let mut text = String::from("thousands of instructions for each record or message (profile dev)\n");
        for (part, thousands) in &self.0 {
            let _ = writeln!(text, "{part:<16}{thousands:>10.1}");
        }
        text
    }
}

fn instructions(program: &Path, part: &str, done: u64) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .arg("work")
        .args(part.split(' '))
        .args(["--done", &done.to_string()])
        .output()
        .context("valgrind is missing; install it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{part}: {said}");
    let counted =
        said.lines().find_map(|line| line.split_once("refs:")).context("valgrind counted nothing")?;
    Ok(counted.1.trim().replace(',', "").parse()?)
}
