//! The table of the book, measured.

use fault_engine::{Fault, Plan, baseline, execute, points};
use fault_lab::expected::damage;
use fault_lab::matrix::{FULL, Matrix};
use fault_lab::programs::PROGRAMS;

/// Where the table is stored, seen from this crate.
const STORED: &str = "tests/it/snapshots/it__matrix__matrix.snap.txt";

/// How much of the matrix is tried where there is no time for all of it: every so many-th point.
const SAMPLE: usize = 25;

#[test]
fn every_program_fails_as_told_and_nowhere_else() {
    let matrix = Matrix::measure(&PROGRAMS, FULL, &|_, _| {}).unwrap();
    assert_eq!(matrix.surprises(), Vec::<String>::new());
    assert!(matrix.runs() >= 20_000, "{} runs", matrix.runs());
    let (measured, stored) = (matrix.table(), std::fs::read_to_string(STORED).unwrap_or_default());
    // Some runs with several faults take another course each time: the embedded SQS gives messages whose visibility timeout
    // has passed in any order.
    let is_the_same = what_repeats(&measured) == what_repeats(&stored);
    insta::assert_binary_snapshot!("matrix.txt", if is_the_same { stored } else { measured }.into_bytes());
}

/// The table without the numbers of runs; of rows with several faults, only the kinds of damage.
fn what_repeats(table: &str) -> Vec<String> {
    let rows = table.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("runs"));
    let settled = |row: &str| {
        let cells = row.trim_end().rsplit_once(' ').map_or(row, |(cells, _)| cells).trim_end();
        let several = row.starts_with("two-crashes") || row.starts_with("several-at-random");
        let cells: String = cells.chars().filter(|c| !(several && c.is_ascii_digit())).collect();
        cells.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    rows.map(settled).collect()
}

/// The same for a sample, so that any `cargo test` finds what is badly wrong.
#[test]
fn no_sample_shows_damage_that_is_not_expected() {
    for program in PROGRAMS {
        let sound = baseline(&program).unwrap();
        for fault in Fault::ALL {
            let plans: Vec<Plan> = points(&program, &sound, fault).into_iter().step_by(SAMPLE).collect();
            for run in execute(&program, plans, FULL.threads, &|_, _| {}).unwrap() {
                let expected = damage(program.name, fault_engine::Row::One(fault));
                let unexpected: Vec<_> =
                    run.findings.iter().filter(|finding| !expected.contains(&finding.kind)).collect();
                assert!(unexpected.is_empty(), "{} {}: {unexpected:?}", program.name, run.plan);
            }
        }
    }
}
