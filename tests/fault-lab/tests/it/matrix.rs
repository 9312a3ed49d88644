//! The table of the book, measured: a test for each program, which stores its column, and one that joins the stored columns.

use std::path::PathBuf;

use fault_engine::{Effort, Fault, Plan, Program, baseline, execute, points, survey};
use fault_lab::expected::damage;
use fault_lab::matrix::{Column, FULL, surprises, table};
use fault_lab::programs::{PROGRAMS, named};

/// How much of the matrix is tried where there is no time for all of it: every so many-th point.
const SAMPLE: usize = 25;

macro_rules! fails_as_told_and_nowhere_else {
    ($($test:ident => $program:literal),+) => {$(
        #[test]
        fn $test() {
            let measured = measure(&named($program).unwrap()).text();
            let stored = std::fs::read_to_string(stored_at($program)).unwrap_or_default();
            // Some runs with several faults take another course each time: the embedded SQS gives messages whose visibility
            // timeout has passed in any order.
            let is_the_same = what_repeats(&measured) == what_repeats(&stored);
            let text = if is_the_same { stored } else { measured };
            insta::assert_binary_snapshot!(concat!($program, ".txt"), text.into_bytes());
        }
    )+

    /// The programs that are measured.
    const MEASURED: &[&str] = &[$($program),+];
    };
}

fails_as_told_and_nowhere_else! {
    chapter_01_fails_as_told_and_nowhere_else => "chapter-01",
    chapter_02_fails_as_told_and_nowhere_else => "chapter-02",
    chapter_03_fails_as_told_and_nowhere_else => "chapter-03",
    chapter_04_fails_as_told_and_nowhere_else => "chapter-04",
    chapter_05_fails_as_told_and_nowhere_else => "chapter-05",
    chapter_06_fails_nowhere => "chapter-06",
    final_fails_nowhere => "final"
}

/// On one thread: the programs are measured beside each other.
fn measure(program: &Program) -> Column {
    let survey = survey(program, Effort { threads: 1, ..FULL }, &|_, _| {}).unwrap();
    assert_eq!(surprises(program.name, &survey), Vec::<String>::new());
    Column::of(program.name, &survey)
}

fn stored_at(program: &str) -> PathBuf {
    let name = format!("tests/it/snapshots/it__matrix__{program}.snap.txt");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Cheap, and in every build: no program is left out, each stored column has every row and says what it should, and the table in the
/// book is made of these columns.
#[test]
fn the_table_is_joined_from_the_column_of_every_program() {
    assert_eq!(PROGRAMS.map(|program| program.name).as_slice(), MEASURED);
    let columns = MEASURED.iter().map(|program| {
        let text = std::fs::read_to_string(stored_at(program)).unwrap_or_else(|error| {
            panic!("there is no column of {program} ({error}): measure it with INSTA_UPDATE=always")
        });
        Column::parse(&text).unwrap()
    });
    let columns: Vec<_> = columns.collect();
    let surprises: Vec<_> = columns.iter().flat_map(Column::surprises).collect();
    assert_eq!(surprises, Vec::<String>::new());
    let runs: usize = columns.iter().map(Column::runs).sum();
    assert!(runs >= 20_000, "{runs} runs");
    insta::assert_binary_snapshot!("matrix.txt", table(&columns).into_bytes());
}

/// The column without the numbers of runs; of rows with several faults, only the kinds of damage.
fn what_repeats(column: &str) -> Vec<String> {
    let settled = |row: &str| {
        let cells = row.trim_end().rsplit_once("  ").map_or(row, |(cells, _)| cells).trim_end();
        let several = row.starts_with("two-crashes") || row.starts_with("several-at-random");
        let cells: String = cells.chars().filter(|c| !(several && c.is_ascii_digit())).collect();
        cells.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    column.lines().map(settled).collect()
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
