//! Why a row is still there.

use std::collections::HashSet;

use super::StoredRow;

/// What a row waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For somebody: it is parked, for this reason.
    Parked(String),
    /// For the subject's message with this sequence, which is still there.
    Behind {
        /// The sequence of its predecessor.
        sequence: String,
        /// The sequence of the parked row that keeps both back, if one does.
        parked: Option<String>,
    },
    /// For nothing: it is its turn, and no relay has been here yet, or its topic took nothing.
    Turn,
}

/// Why each of these rows waits, which are all rows of a subject, in sequence.
///
/// A transaction shows item by item, so a row whose predecessor is only becoming visible is taken for one
/// whose turn it is. A second look tells.
pub fn waits(rows: &[StoredRow]) -> Vec<Wait> {
    let there: HashSet<&str> = rows.iter().map(|row| row.key.sequence.as_str()).collect();
    let mut parked: Option<&str> = None;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let before = row.predecessor.as_deref().filter(|predecessor| there.contains(predecessor));
        all.push(match (&row.parked, before) {
            (Some(reason), _) => {
                parked = Some(&row.key.sequence);
                Wait::Parked(reason.clone())
            }
            (None, Some(before)) => {
                Wait::Behind { sequence: before.to_owned(), parked: parked.map(str::to_owned) }
            }
            (None, None) => Wait::Turn,
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use unit_of_work::{AttributeValue, Item};

    use super::*;

    fn row(sequence: u64, predecessor: Option<u64>, parked: Option<&str>) -> StoredRow {
        let text = |text: String| AttributeValue::S(text);
        let mut item = Item::from([
            ("PK".to_owned(), text("SUBJECT#note/1".to_owned())),
            ("SK".to_owned(), text(format!("{sequence:020}"))),
        ]);
        item.extend(predecessor.map(|number| ("Predecessor".to_owned(), text(format!("{number:020}")))));
        item.extend(parked.map(|reason| ("Parked".to_owned(), text(reason.to_owned()))));
        StoredRow::of(item).unwrap()
    }

    #[test]
    fn each_row_says_what_it_waits_for() {
        let rows =
            [row(101, Some(1), None), row(201, Some(101), Some("no topic")), row(301, Some(201), None)];
        let at = |number: u64| format!("{number:020}");
        assert_eq!(
            waits(&rows),
            [
                Wait::Turn,
                Wait::Parked("no topic".to_owned()),
                Wait::Behind { sequence: at(201), parked: Some(at(201)) },
            ]
        );
        let rows = [row(1, None, None), row(101, Some(1), None)];
        assert_eq!(waits(&rows)[1], Wait::Behind { sequence: at(1), parked: None });
        assert_eq!(waits(&[row(101, Some(1), None)]), [Wait::Turn], "its predecessor was sent");
    }
}
