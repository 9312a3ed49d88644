//! `bars`: one column of a stored table as bars, so that no picture of it has to be kept. Which column, its
//! place among the cells of a row says; cells are separated by two blanks or more.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::matrix::cells;
use crate::repository::Repository;
use crate::sources;

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    let wrong = || Error::Arguments {
        directive: "bars",
        wanted: "PATH COLUMN title=\"TEXT\"",
        found: arguments.to_owned(),
    };
    let (head, title) = arguments.split_once(" title=\"").ok_or_else(wrong)?;
    let title = title.strip_suffix('"').filter(|title| !title.trim().is_empty()).ok_or_else(wrong)?;
    let (path, column) = head.trim().split_once(' ').ok_or_else(wrong)?;
    let column: usize = column.trim().parse().map_err(|_| wrong())?;
    let text = repository.read(path)?;
    let row = |line| {
        let cells = cells(line);
        let (name, number) = (cells.first().copied()?, cells.get(column).copied()?);
        Some((name, number, number.parse::<f64>().ok()?))
    };
    let rows: Vec<_> = text.lines().filter_map(row).collect();
    let most = rows.iter().map(|(_, _, number)| *number).fold(0.0, f64::max);
    if most <= 0.0 {
        return Err(Error::Empty(format!("column {column} of {path}")));
    }
    let source = escape(&sources::link(root, path, repository.link(path, None)?));
    let title = escape(title);
    let mut html = format!(
        "<figure class=\"bars\">\n<figcaption><a href=\"{source}\">{title}</a></figcaption>\n\
         <table aria-label=\"{title}\"><tbody>\n"
    );
    for (name, number, value) in rows {
        let (share, name) = (value * 100.0 / most, escape(name));
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td class=\"much\">{number}</td>\
             <td class=\"long\"><div style=\"width: {share:.1}%\"></div></td></tr>"
        );
    }
    html.push_str("</tbody></table>\n</figure>\n");
    Ok(html)
}
