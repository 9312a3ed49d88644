//! The table of the book, measured: a test for each program, which stores its column, and one that joins the
//! stored columns.

use std::path::PathBuf;

use fault_engine::{Effort, Fault, Plan, Program, baseline, execute, points, survey_and_show};
use fault_lab::expected::damage;
use fault_lab::gallery::{self, Gallery};
use fault_lab::matrix::{Column, FULL, surprises, table};
use fault_lab::programs::{PROGRAMS, named};
use structure::measured::Measured;

/// How much of the matrix is tried where there is no time for all of it: every so many-th point.
const SAMPLE: usize = 25;

macro_rules! fails_as_told_and_nowhere_else {
    ($($test:ident => $program:literal),+) => {$(
        #[test]
        fn $test() {
            let known = measured_before($program);
            if known.is_known().unwrap() {
                return;
            }
            let (measured, gallery) = measure(&named($program).unwrap());
            let measured = measured.text();
            let stored = std::fs::read_to_string(stored_at($program)).unwrap_or_default();
            // Some runs with several faults take another course each time: the embedded SQS gives messages
            // whose visibility timeout has passed in any order.
            let is_the_same = what_repeats(&measured) == what_repeats(&stored);
            let text = if is_the_same { stored } else { measured };
            insta::assert_binary_snapshot!(concat!($program, ".txt"), text.into_bytes());
            is_shown_in_the_book($program, &gallery);
            known.note().unwrap();
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
fn measure(program: &Program) -> (Column, Gallery) {
    let mut gallery = Gallery::new(program.name, &baseline(program).unwrap());
    let effort = Effort { threads: 1, ..FULL };
    let survey =
        survey_and_show(program, effort, &|_, _| {}, &mut |row, runs| gallery.keep(row, runs)).unwrap();
    assert_eq!(surprises(program.name, &survey), Vec::<String>::new());
    (Column::of(program.name, &survey), gallery)
}

/// The runs that the book shows are those that were made. Their courses may differ in what the embedded SQS
/// leaves to chance; what the program does without faults, where it was struck, and how that ended may not.
fn is_shown_in_the_book(program: &str, gallery: &Gallery) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/runs");
    let measured = gallery.text();
    let stored = std::fs::read_to_string(format!("{folder}/{program}.snap.js")).unwrap_or_default();
    let is_the_same = gallery::what_repeats(&measured) == gallery::what_repeats(&stored);
    let text = if is_the_same { stored } else { measured };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_binary_snapshot!(&format!("{program}.js"), text.into_bytes()));
}

/// What the column and the runs were made from, and they themselves.
fn measured_before(program: &str) -> Measured {
    let package = if program == "final" { "final-program" } else { program };
    let here = "tests/fault-lab/tests/it";
    let besides = [
        "tests/fault-lab/src",
        &format!("{here}/matrix.rs"),
        &format!("{here}/snapshots/it__matrix__{program}.snap.txt"),
        &format!("book/src/runs/{program}.snap.js"),
    ];
    Measured::of(package, &besides, &format!("{here}/measured/{program}"))
}

fn stored_at(program: &str) -> PathBuf {
    let name = format!("tests/it/snapshots/it__matrix__{program}.snap.txt");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Cheap, and in every build: no program is left out, each stored column has every row and says what it
/// should, and the table in the book is made of these columns.
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

/// The column as it is each time: of rows with several faults only the kinds of damage, and no sum that
/// counts their runs.
fn what_repeats(column: &str) -> Vec<String> {
    let settled = |row: &str| {
        let several = ["two-crashes", "several-at-random", "runs"].iter().any(|name| row.starts_with(name));
        let cells: String = row.chars().filter(|c| !(several && c.is_ascii_digit())).collect();
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
