//! The arrows of ARCHITECTURE.md: which crate may know which.

use std::collections::{BTreeMap, BTreeSet};

/// The line before the table.
const HEAD: &str = "| crate | knows |";

/// Whom each crate may know, from the table with the columns `crate` and `knows`. Names stand in backticks,
/// several crates may share a line.
///
/// # Errors
///
/// When there is no such table.
pub fn read(page: &str) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let lines = page.lines().skip_while(|line| *line != HEAD).skip(2);
    let rows: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
    if rows.is_empty() {
        return Err(format!("ARCHITECTURE.md has no table that begins with {HEAD:?}"));
    }
    let mut arrows = BTreeMap::new();
    for row in rows {
        let mut cells = row.trim_matches('|').split('|');
        let (crates, known) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        for name in names(crates) {
            arrows.insert(name, names(known).collect());
        }
    }
    Ok(arrows)
}

fn names(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// A complaint for each crate that is not in the table, for each dependency that the table does not allow,
/// and for each line about a crate that is gone.
pub fn against(
    arrows: &BTreeMap<String, BTreeSet<String>>,
    knows: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, others) in knows {
        let Some(allowed) = arrows.get(name) else {
            wrong.push(format!("{name} is in no line of the table of ARCHITECTURE.md"));
            continue;
        };
        let forbidden = others.difference(allowed);
        wrong
            .extend(forbidden.map(|other| {
                format!("{name} knows {other}, which is against the arrows of ARCHITECTURE.md")
            }));
    }
    let gone = arrows.keys().filter(|name| !knows.contains_key(*name));
    wrong.extend(
        gone.map(|name| format!("there is no crate {name}: take it out of the table of ARCHITECTURE.md")),
    );
    wrong
}
