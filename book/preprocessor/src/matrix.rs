//! `matrix`: the table that the fault laboratory has stored, as HTML.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::repository::{PAGES, Repository};
use crate::sources;

/// Where the laboratory stores it.
pub(crate) const PATH: &str = "tests/fault-lab/tests/it/snapshots/it__matrix__matrix.snap.txt";

/// Where the laboratory stores the runs of a program.
pub(crate) fn runs_of(program: &str) -> String {
    format!("{PAGES}/runs/{program}.snap.js")
}

/// Whether there are runs of this row of the matrix.
pub(crate) fn has_runs(repository: &Repository, program: &str, row: &str) -> bool {
    repository.read(&runs_of(program)).is_ok_and(|text| text.contains(&format!("\n\"{row}\":[")))
}

/// The table: cells are separated by two blanks or more.
pub(crate) struct Matrix<'a> {
    columns: Vec<&'a str>,
    pub(crate) rows: Vec<(&'a str, Vec<&'a str>)>,
    legend: Vec<&'a str>,
}

impl<'a> Matrix<'a> {
    /// All columns but the one that counts.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &'a str> {
        self.columns[..self.columns.len() - 1].iter().copied()
    }

    /// The cell in the row of this name.
    pub(crate) fn cell(&self, row: &str, column: usize) -> Option<&'a str> {
        let cells = self.rows.iter().find(|(name, _)| *name == row).map(|(_, cells)| cells)?;
        cells.get(column).copied()
    }
}

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    let text = repository.read(PATH)?;
    let matrix = parse(&text)?;
    let chosen: Vec<usize> = match arguments {
        "" => (0..matrix.columns.len() - 1).collect(),
        names => names.split_whitespace().map(|name| column(&matrix, name)).collect::<Result<_, _>>()?,
    };
    let source = sources::link(root, PATH, repository.link(PATH, None)?);
    Ok(table(repository, &matrix, &chosen, root, &source))
}

pub(crate) fn parse(text: &str) -> Result<Matrix<'_>, Error> {
    let wrong = |reason: String| Error::Matrix { path: PATH.to_owned(), reason };
    let mut lines = text.lines();
    let columns = cells(lines.next().unwrap_or_default());
    if columns.len() < 2 || columns.last() != Some(&"runs") {
        return Err(wrong("its first line does not name programs and `runs`".to_owned()));
    }
    let mut rows = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
        let mut cells = cells(line);
        let name = cells.remove(0);
        if cells.len() != columns.len() {
            return Err(wrong(format!("row {name:?} has {} cells, not {}", cells.len(), columns.len())));
        }
        rows.push((name, cells));
    }
    if rows.is_empty() {
        return Err(wrong("it has no rows".to_owned()));
    }
    Ok(Matrix { columns, rows, legend: lines.collect() })
}

pub(crate) fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn column(matrix: &Matrix<'_>, name: &str) -> Result<usize, Error> {
    let long = format!("chapter-{name}");
    let programs = &matrix.columns[..matrix.columns.len() - 1];
    let found = programs.iter().position(|column| *column == name || *column == long);
    found.ok_or_else(|| Error::NoColumn {
        path: PATH.to_owned(),
        column: name.to_owned(),
        found: programs.join(", "),
    })
}

fn table(repository: &Repository, matrix: &Matrix<'_>, chosen: &[usize], root: &str, source: &str) -> String {
    let mut html = format!(
        "<figure class=\"matrix\">\n<figcaption>Faults, and in how many runs each program did damage. \
         Each number leads to its runs; <a href=\"{source}\">the table as it was measured</a></figcaption>\n\
         <div role=\"region\" aria-label=\"Fault matrix, scrolls sideways\" tabindex=\"0\">\n\
         <table aria-label=\"In how many runs each fault did damage to each program\">\n\
         <thead><tr><th scope=\"col\">fault</th>"
    );
    for index in chosen {
        let name = matrix.columns[*index].replace("chapter-", "chapter ");
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(&name));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (name, cells) in &matrix.rows {
        let is_count = *name == "runs";
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(name));
        for index in chosen {
            let (program, text) = (matrix.columns[*index], cells[*index]);
            let runs = has_runs(repository, program, name);
            let link = runs.then(|| format!("{root}runs.html#{program}/{name}"));
            html.push_str(&cell(text, is_count, link.as_deref()));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    let legend = matrix.legend.iter().filter(|line| !line.is_empty()).map(|line| escape(line));
    let _ = write!(html, "<p class=\"legend\">{}</p>\n</figure>\n", legend.collect::<Vec<_>>().join(" "));
    html
}

/// With a link to its runs, if there are any.
fn cell(text: &str, is_count: bool, link: Option<&str>) -> String {
    let linked = |text: String| match link {
        Some(link) => format!("<a href=\"{}\">{text}</a>", escape(link)),
        None => text,
    };
    match text {
        _ if is_count => format!("<td class=\"count\">{}</td>", escape(text)),
        "ok" => format!("<td class=\"ok\">{}</td>", linked("ok".to_owned())),
        "-" => "<td class=\"none\"><span aria-label=\"cannot strike\">-</span></td>".to_owned(),
        damage => {
            let kinds = damage.split(' ').map(kind).collect::<Vec<_>>().join(" ");
            format!("<td class=\"damage\">{}</td>", linked(kinds))
        }
    }
}

/// A letter with a count, and for a screen reader or a pointer the word.
fn kind(text: &str) -> String {
    match damage(text) {
        Some((word, runs)) => format!("<abbr title=\"{word}: {runs} runs\">{}</abbr>", escape(text)),
        None => escape(text),
    }
}

/// What the letter of a cell's part means, and the count behind it.
pub(crate) fn damage(text: &str) -> Option<(&'static str, &str)> {
    let word = match text.chars().next()? {
        'L' => "lost",
        'P' => "phantom",
        'D' => "doubled",
        'O' => "disordered",
        'S' => "stuck",
        'M' => "money",
        _ => return None,
    };
    Some((word, &text[1..]))
}
