//! What each program must damage, and what it has cured. The matrix is red if a program stops failing as the
//! book says, or starts to fail where it should not.

use std::collections::BTreeSet;

use fault_engine::{Kind, Row};

/// Letters of [`Kind`] for each fault: what chapters 1 to 5 do. Chapter 6 does no damage, and neither may any
/// program that is not named here.
const EXPECTED: [(&str, [&str; 5]); 22] = [
    ("crash-before", ["LDOSM", "LDOSM", "PDOSM", "", ""]),
    ("crash-after", ["LDOSM", "LDOSM", "PDOSM", "", ""]),
    ("request-lost", ["DM", "", "", "", ""]),
    ("answer-lost", ["DM", "", "SM", "", ""]),
    ("throttle", ["", "", "", "", ""]),
    ("server-error-500", ["", "", "", "", ""]),
    ("outage", ["LDSM", "LDSM", "PDSM", "", ""]),
    ("slow-answers", ["D", "", "", "", ""]),
    ("transaction-conflict", ["", "", "", "", ""]),
    ("partial-batch-failure", ["", "", "", "", ""]),
    ("refused-for-a-while", ["LDSM", "LDSM", "", "", ""]),
    ("refused-message", ["LDOSM", "LDOSM", "LSM", "LSM", "LSM"]),
    ("half-visible", ["", "", "", "", "O"]),
    ("duplicate-delivery", ["DM", "", "", "", ""]),
    ("concurrent-consumers", ["DM", "DM", "DM", "", ""]),
    ("poison-payload", ["S", "S", "S", "S", "S"]),
    ("stream-redelivery", ["", "", "", "", ""]),
    ("stream-reorder", ["", "", "", "", "O"]),
    ("split-shard", ["", "", "", "", ""]),
    ("concurrent-relays", ["", "", "", "", ""]),
    ("two-crashes", ["LDOM", "LDOM", "DOM", "", ""]),
    ("several-at-random", ["LDOSM", "LDOSM", "LPDOSM", "LSM", "LOSM"]),
];

const CHAPTERS: [&str; 5] = ["chapter-01", "chapter-02", "chapter-03", "chapter-04", "chapter-05"];

/// The kinds of damage that this row must do to this program; no others.
pub fn damage(program: &str, row: Row) -> BTreeSet<Kind> {
    let column = CHAPTERS.iter().position(|chapter| *chapter == program);
    let line = EXPECTED.iter().find(|(name, _)| *name == row.name());
    let letters = column.zip(line).map_or("", |(column, (_, cells))| cells[column]);
    Kind::ALL.into_iter().filter(|kind| letters.contains(kind.letter())).collect()
}
