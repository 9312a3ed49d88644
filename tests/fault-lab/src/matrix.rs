//! The matrix: what the surveys of all programs found, in one table. Each program's column is measured and
//! stored by itself, so that the columns can be measured beside each other, and joined when all are there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fault_engine::{Cell, Effort, Fault, Kind, Row, Survey};

use crate::expected;

/// What is tried for the matrix that the book shows.
pub const FULL: Effort = Effort { threads: 2, pairs_within: 3, random: 600 };

/// What one program did in each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The program.
    pub program: String,
    /// In the order of [`rows`]; none where the fault can strike none of the program's calls.
    cells: Vec<Option<Measured>>,
}

/// A cell as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Measured {
    text: String,
    runs: usize,
}

/// A stored column that cannot be joined to the others.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the column of {program} is not that of {row}; measure the column again")]
pub struct StaleColumn {
    program: String,
    line: usize,
    row: &'static str,
}

impl Column {
    /// What a survey found.
    pub fn of(program: &str, survey: &Survey) -> Self {
        let measured = |cell: &Cell| Measured { text: cell_text(cell), runs: cell.runs };
        let cells = rows().map(|row| survey.cells.get(&row).map(measured)).collect();
        Self { program: program.to_owned(), cells }
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.cells.iter().flatten().map(|cell| cell.runs).sum()
    }

    /// The form in which it is stored: a line for each row, with two blanks between name, cell and number of
    /// runs.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.program);
        for (row, cell) in rows().zip(&self.cells) {
            let (shown, runs) = cell.as_ref().map_or(("-", 0), |cell| (cell.text.as_str(), cell.runs));
            let _ = writeln!(text, "{:<22}  {shown:<27}  {runs:>6}", row.name());
        }
        text
    }

    /// Reads what [`Column::text`] has written.
    ///
    /// # Errors
    ///
    /// [`StaleColumn`] if the rows are not those that there are now.
    pub fn parse(text: &str) -> Result<Self, StaleColumn> {
        let mut lines = text.lines();
        let program = lines.next().unwrap_or_default().to_owned();
        let mut cells = Vec::new();
        for (number, row) in rows().enumerate() {
            let stale = || StaleColumn { program: program.clone(), line: number + 2, row: row.name() };
            let parts = lines.next().unwrap_or_default().split("  ").map(str::trim);
            let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
            let [name, shown, runs] = parts[..] else { return Err(stale()) };
            let runs = runs.parse().ok().filter(|_| name == row.name()).ok_or_else(stale)?;
            cells.push((shown != "-").then(|| Measured { text: shown.to_owned(), runs }));
        }
        Ok(Self { program, cells })
    }

    /// Where the program did other damage than it should.
    pub fn surprises(&self) -> Vec<String> {
        let mut surprises = Vec::new();
        for (row, cell) in rows().zip(&self.cells) {
            let Some(cell) = cell else { continue };
            let letters = |kinds: &BTreeSet<Kind>| kinds.iter().map(|kind| kind.letter()).collect::<String>();
            let expected = letters(&expected::damage(&self.program, row));
            let found: String = cell.text.chars().filter(char::is_ascii_uppercase).collect();
            if found != expected {
                let (program, row) = (&self.program, row.name());
                surprises.push(format!("{program}: {row} should do [{expected}] and does [{found}]"));
            }
        }
        surprises
    }
}

/// Where the program did other damage than it should, with an example of each, and call sites that no run has
/// broken.
pub fn surprises(program: &str, survey: &Survey) -> Vec<String> {
    let mut surprises: Vec<_> =
        survey.unbroken.iter().map(|site| format!("{program}: no run has broken {site}")).collect();
    surprises.extend(Column::of(program, survey).surprises());
    if !surprises.is_empty() {
        let examples = rows().filter_map(|row| Some((row, survey.cells.get(&row)?.example.as_ref()?)));
        surprises.extend(
            examples
                .filter(|(row, (_, findings))| {
                    let expected = expected::damage(program, *row);
                    findings.iter().any(|finding| !expected.contains(&finding.kind))
                })
                .map(|(_, (plan, findings))| format!("{program}: {plan}: {findings:?}")),
        );
    }
    surprises
}

/// The table. Between two cells there are at least two blanks, however wide they are: the book reads it by
/// these.
pub fn table(columns: &[Column]) -> String {
    let mut text = format!("{:<22}", "");
    for column in columns {
        let _ = write!(text, "  {:<19}", column.program);
    }
    let _ = writeln!(text, "  {:>6}", "runs");
    for (number, row) in rows().enumerate() {
        let cells = columns.iter().map(|column| column.cells[number].as_ref());
        let _ = write!(text, "{:<22}", row.name());
        for cell in cells.clone() {
            let _ = write!(text, "  {:<19}", cell.map_or("-", |cell| cell.text.as_str()));
        }
        let _ = writeln!(text, "  {:>6}", cells.flatten().map(|cell| cell.runs).sum::<usize>());
    }
    let _ = write!(text, "{:<22}", "runs");
    for column in columns {
        let _ = write!(text, "  {:<19}", column.runs());
    }
    let _ = writeln!(text, "  {:>6}\n", columns.iter().map(Column::runs).sum::<usize>());
    let letters = Kind::ALL.map(|kind| format!("{} {}", kind.letter(), kind.name())).join(", ");
    let _ = writeln!(text, "In how many runs there was damage: {letters}.");
    let _ = writeln!(text, "ok: in none. -: the program makes no call that this fault can strike.");
    text
}

/// The rows of the table.
pub fn rows() -> impl Iterator<Item = Row> {
    Fault::ALL.into_iter().map(Row::One).chain([Row::Pairs, Row::Random])
}

fn cell_text(cell: &Cell) -> String {
    if cell.damaged.is_empty() {
        return "ok".to_owned();
    }
    let counts: Vec<_> =
        cell.damaged.iter().map(|(kind, count)| format!("{}{count}", kind.letter())).collect();
    counts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_as_it_was_written() {
        let mut survey = Survey::default();
        survey.cells.insert(Row::Pairs, Cell { runs: 7, ..Cell::default() });
        let damaged = [(Kind::Lost, 12), (Kind::Stuck, 1)].into();
        survey.cells.insert(Row::Random, Cell { runs: 20, damaged, example: None });
        let column = Column::of("chapter-01", &survey);
        assert_eq!(Column::parse(&column.text()).unwrap(), column);
    }

    #[test]
    fn a_column_without_a_row_that_there_is_now_is_refused() {
        let text = Column::of("final", &Survey::default()).text();
        let without_one: Vec<_> = text.lines().filter(|line| !line.starts_with("outage")).collect();
        assert!(Column::parse(&without_one.join("\n")).is_err());
    }
}
