//! The matrix: all surveys in one table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fault_engine::{Cell, Effort, Fault, Kind, Program, Row, Survey, SurveyError, survey};

use crate::expected;

/// What is tried for the matrix that the book shows.
pub const FULL: Effort = Effort { threads: 2, pairs_within: 3, random: 600 };

/// The surveys of some programs.
#[derive(Clone, Debug)]
pub struct Matrix {
    columns: Vec<(&'static str, Survey)>,
}

impl Matrix {
    /// Surveys the programs, one after the other.
    ///
    /// # Errors
    ///
    /// [`SurveyError`]
    pub fn measure(
        programs: &[Program],
        effort: Effort,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, SurveyError> {
        let columns = programs.iter().map(|program| Ok((program.name, survey(program, effort, progress)?)));
        Ok(Self { columns: columns.collect::<Result<_, SurveyError>>()? })
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.columns.iter().map(|(_, survey)| survey.runs()).sum()
    }

    /// The table. Between two cells there are at least two blanks, however wide they are: the book reads it by these.
    pub fn table(&self) -> String {
        let mut text = format!("{:<22}", "");
        for (name, _) in &self.columns {
            let _ = write!(text, "  {name:<19}");
        }
        let _ = writeln!(text, "  {:>6}", "runs");
        for row in rows() {
            let cells: Vec<_> = self.columns.iter().map(|(_, survey)| survey.cells.get(&row)).collect();
            let _ = write!(text, "{:<22}", name_of(row));
            for cell in &cells {
                let _ = write!(text, "  {:<19}", cell_text(*cell));
            }
            let _ = writeln!(text, "  {:>6}", cells.iter().flatten().map(|cell| cell.runs).sum::<usize>());
        }
        let _ = write!(text, "{:<22}", "runs");
        for (_, survey) in &self.columns {
            let _ = write!(text, "  {:<19}", survey.runs());
        }
        let _ = writeln!(text, "  {:>6}\n", self.runs());
        let letters = Kind::ALL.map(|kind| format!("{} {}", kind.letter(), kind.name())).join(", ");
        let _ = writeln!(text, "In how many runs there was damage: {letters}.");
        let _ = writeln!(text, "ok: in none. -: the program makes no call that this fault can strike.");
        text
    }

    /// Where the programs do other damage than they should, and call sites that no run has broken.
    pub fn surprises(&self) -> Vec<String> {
        let mut surprises = Vec::new();
        for (name, survey) in &self.columns {
            for site in &survey.unbroken {
                surprises.push(format!("{name}: no run has broken {site}"));
            }
            for row in rows() {
                let Some(cell) = survey.cells.get(&row) else { continue };
                let found: BTreeSet<Kind> = cell.damaged.keys().copied().collect();
                let expected = expected::damage(name, row);
                if found != expected {
                    let example =
                        cell.example.as_ref().map(|(plan, findings)| format!(", as in {plan}: {findings:?}"));
                    let (found, expected) = (letters(&found), letters(&expected));
                    let row = name_of(row);
                    surprises.push(format!(
                        "{name}: {row} should do [{expected}] and does [{found}]{}",
                        example.unwrap_or_default()
                    ));
                }
            }
        }
        surprises
    }
}

/// The rows of the table.
pub fn rows() -> impl Iterator<Item = Row> {
    Fault::ALL.into_iter().map(Row::One).chain([Row::Pairs, Row::Random])
}

/// The name of a row.
pub fn name_of(row: Row) -> &'static str {
    match row {
        Row::One(fault) => fault.name(),
        Row::Pairs => "two-crashes",
        Row::Random => "several-at-random",
    }
}

fn cell_text(cell: Option<&Cell>) -> String {
    let Some(cell) = cell else { return "-".to_owned() };
    if cell.damaged.is_empty() {
        return "ok".to_owned();
    }
    let counts: Vec<_> =
        cell.damaged.iter().map(|(kind, count)| format!("{}{count}", kind.letter())).collect();
    counts.join(" ")
}

fn letters(kinds: &BTreeSet<Kind>) -> String {
    kinds.iter().map(|kind| kind.letter()).collect()
}
