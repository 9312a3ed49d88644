//! `promise`: the matrix as page one shows it. Seven programs, six questions, and no letter: what did damage,
//! and what did not.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::matrix::{self, Matrix};
use crate::repository::{PAGES, Repository};

/// The rows of the matrix that answer each question. Several faults at random answer none of them.
const QUESTIONS: [(&str, &[&str]); 6] = [
    ("a crash?", &["crash-before", "crash-after", "two-crashes"]),
    (
        "a lost answer?",
        &[
            "answer-lost",
            "request-lost",
            "slow-answers",
            "throttle",
            "server-error-500",
            "partial-batch-failure",
        ],
    ),
    ("SNS away?", &["outage", "refused-for-a-while"]),
    ("delivered twice?", &["duplicate-delivery", "stream-redelivery"]),
    ("two at once?", &["concurrent-consumers", "concurrent-relays", "transaction-conflict"]),
    (
        "shuffled or bad?",
        &["half-visible", "stream-reorder", "split-shard", "poison-payload", "refused-message"],
    ),
];

/// A row that is no question, and the one that counts.
const BESIDE: [&str; 2] = ["several-at-random", "runs"];

/// The page of the program that is no chapter.
const SYSTEM: (&str, &str) = ("final", "complete-system.md");

const SOUND: &str = "<svg viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6.5\"/></svg>";
const DAMAGE: &str =
    "<svg viewBox=\"0 0 16 16\"><path d=\"M2 5 5 2l3 3 3-3 3 3-3 3 3 3-3 3-3-3-3 3-3-3 3-3z\"/></svg>";
const NONE: &str = "<svg viewBox=\"0 0 16 16\"><path d=\"M4 7h8v2H4z\"/></svg>";

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    if !arguments.is_empty() {
        let found = arguments.to_owned();
        return Err(Error::Arguments { directive: "promise", wanted: "nothing", found });
    }
    let text = repository.read(matrix::PATH)?;
    let matrix = matrix::parse(&text)?;
    let asked = |row: &str| QUESTIONS.iter().any(|(_, rows)| rows.contains(&row)) || BESIDE.contains(&row);
    if let Some((row, _)) = matrix.rows.iter().find(|(row, _)| !asked(row)) {
        let reason = format!("no question of promise.rs asks for its row {row:?}");
        return Err(Error::Matrix { path: matrix::PATH.to_owned(), reason });
    }
    let summary = repository.read(&format!("{PAGES}/SUMMARY.md"))?;
    let mut html =
        "<figure class=\"promise\">\n<table aria-label=\"Which program does damage when what goes wrong\">\n\
        <thead><tr><td></td>"
            .to_owned();
    for (question, _) in QUESTIONS {
        let _ = write!(html, "<th scope=\"col\"><span>{question}</span></th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (index, program) in matrix.programs().enumerate() {
        let (page, title) = page_of(&summary, program)?;
        let href = escape(&format!("{root}{}", page.replace(".md", ".html")));
        let _ = write!(html, "<tr><th scope=\"row\"><a href=\"{href}\">{}</a></th>", escape(title));
        for (question, rows) in QUESTIONS {
            html.push_str(&cell(repository, root, &matrix, (program, index), question, rows));
        }
        html.push_str("</tr>\n");
    }
    let _ = write!(
        html,
        "</tbody>\n</table>\n<figcaption><span class=\"bad\">{DAMAGE}</span> damage in at least one run, \
         <span class=\"good\">{SOUND}</span> in none, {NONE} cannot happen to this program. Each leads to its runs.</figcaption>\n</figure>\n"
    );
    Ok(html)
}

/// Its chapter's title, as the table of contents has it.
fn page_of<'a>(summary: &'a str, program: &str) -> Result<(&'a str, &'a str), Error> {
    let is_its_page = |page: &str| match program.strip_prefix("chapter-") {
        Some(number) => page.starts_with(&format!("{number}-")),
        None => SYSTEM == (program, page),
    };
    let links =
        summary.lines().filter_map(|line| line.split_once('[')?.1.strip_suffix(')')?.split_once("]("));
    let found = links.map(|(title, page)| (page, title)).find(|(page, _)| is_its_page(page));
    found.ok_or_else(|| {
        let reason = format!("SUMMARY.md lists no page for its program {program:?}");
        Error::Matrix { path: matrix::PATH.to_owned(), reason }
    })
}

/// The first row that does damage stands for the question, or else the first that can strike.
fn cell(
    repository: &Repository,
    root: &str,
    matrix: &Matrix<'_>,
    (program, index): (&str, usize),
    question: &str,
    rows: &[&str],
) -> String {
    let found = rows.iter().filter_map(|row| Some((*row, matrix.cell(row, index)?)));
    let able: Vec<_> = found.filter(|(_, cell)| *cell != "-").collect();
    let damaged = able.iter().find(|(_, cell)| *cell != "ok");
    let (class, shape, said) = match (damaged, able.is_empty()) {
        (Some(_), _) => ("bad", DAMAGE, "damage"),
        (None, false) => ("good", SOUND, "no damage"),
        (None, true) => ("none", NONE, "cannot happen"),
    };
    let label = format!("{program}, {question} {said}");
    let row = damaged
        .or(able.first())
        .map(|(row, _)| *row)
        .filter(|row| matrix::has_runs(repository, program, row));
    match row {
        Some(row) => format!(
            "<td class=\"{class}\"><a href=\"{root}runs.html#{program}/{row}\" aria-label=\"{label}\">{shape}</a></td>"
        ),
        None => {
            format!("<td class=\"{class}\"><span role=\"img\" aria-label=\"{label}\">{shape}</span></td>")
        }
    }
}
