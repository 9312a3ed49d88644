//! What surveys found, as a table: a column for each program, or version of a program.

use std::fmt::{Display, Write as _};

use crate::fault::Fault;
use crate::survey::{Cell, Row, Survey};

/// The table. A cell says in how many runs an invariant was broken; `-` stands where a fault can strike none
/// of the program's calls.
pub fn matrix<K: Display + Ord>(columns: &[(&str, &Survey<K>)]) -> String {
    let rows = Fault::ALL.into_iter().map(Row::One).chain([Row::Pairs, Row::Random]);
    let shown = |row: &Row| {
        columns.iter().map(|(_, survey)| survey.cells.get(row).map_or("-".to_owned(), cell)).collect()
    };
    let mut lines: Vec<(&str, Vec<String>)> =
        vec![("", columns.iter().map(|(name, _)| (*name).to_owned()).collect())];
    lines.extend(rows.map(|row| (row.name(), shown(&row))));
    lines.push(("runs", columns.iter().map(|(_, survey)| survey.runs().to_string()).collect()));
    let width =
        |column: usize| lines.iter().map(|(_, cells)| cells[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for (name, cells) in &lines {
        let mut line = format!("{name:<22}");
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(line, "  {cell:<width$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn cell<K: Display>(cell: &Cell<K>) -> String {
    if cell.damaged.is_empty() {
        return format!("ok ({})", cell.runs);
    }
    let counts = cell.damaged.iter().map(|(kind, count)| format!("{count} {kind}"));
    format!("{} of {}", counts.collect::<Vec<_>>().join(", "), cell.runs)
}
