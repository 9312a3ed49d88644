//! `output`: what a program printed, as a test has stored it.

use crate::error::Error;
use crate::fences::fenced;
use crate::html::captioned;
use crate::repository::Repository;

/// A heading of a stored output.
struct Heading<'a> {
    line: usize,
    level: u8,
    text: &'a str,
}

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    if arguments.is_empty() {
        let found = arguments.to_owned();
        return Err(Error::Arguments { directive: "output", wanted: "PATH or PATH:HEADING", found });
    }
    let (path, heading) = match arguments.split_once(':') {
        Some((path, heading)) => (path, Some(heading.trim())),
        None => (arguments, None),
    };
    let text = repository.read(path)?;
    let text = without_header(path, &text).to_owned();
    // Of a snapshot with a header that is not shown, the page of the file shows it nevertheless.
    let line = repository.link(path, None)?;
    let shown = match heading {
        Some(heading) => section(path, &text, heading)?,
        None => text,
    };
    Ok(captioned(root, path, line, "", &fenced("text", &shown)))
}

/// A text snapshot of insta says at its top which test made it; a `.snap.txt` does not.
fn without_header<'a>(path: &str, text: &'a str) -> &'a str {
    let header = text.strip_prefix("---\n").filter(|_| path.ends_with(".snap"));
    header.and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, shown)| shown)
}

/// From a heading to the next one that is not below it. Headings are underlined with `=` or `-`.
fn section(path: &str, text: &str, wanted: &str) -> Result<String, Error> {
    let lines: Vec<_> = text.lines().collect();
    let headings = headings(&lines);
    let Some(at) = headings.iter().position(|heading| heading.text == wanted) else {
        let found: Vec<_> = headings.iter().map(|heading| heading.text).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        return Err(Error::NoHeading { path: path.to_owned(), heading: wanted.to_owned(), found });
    };
    let ends = |heading: &&Heading| heading.level <= headings[at].level;
    let end = headings[at + 1..].iter().find(ends).map_or(lines.len(), |heading| heading.line);
    let section = lines[headings[at].line..end].join("\n");
    if lines[headings[at].line + 2..end].iter().all(|line| line.trim().is_empty()) {
        return Err(Error::Empty(format!("{path}:{wanted}")));
    }
    Ok(section)
}

fn headings<'a>(lines: &[&'a str]) -> Vec<Heading<'a>> {
    let heading = |(line, pair): (usize, &[&'a str])| {
        let level = match pair[1].chars().next()? {
            '=' => 1,
            '-' => 2,
            _ => return None,
        };
        let underline = pair[1].chars().all(|sign| sign == if level == 1 { '=' } else { '-' });
        let fits = pair[1].len() == pair[0].chars().count();
        (underline && fits).then_some(Heading { line, level, text: pair[0] })
    };
    lines.windows(2).enumerate().filter_map(heading).collect()
}

#[cfg(test)]
mod tests {
    use super::without_header;

    #[test]
    fn what_insta_says_of_a_text_snapshot_is_not_shown() {
        let stored = "---\nsource: tests/it/a.rs\nexpression: b\n---\nshown\n---\ntoo\n";
        assert_eq!(without_header("a.snap", stored), "shown\n---\ntoo\n");
        assert_eq!(without_header("a.snap.txt", stored), stored);
        assert_eq!(without_header("a.snap", "no header\n"), "no header\n");
    }
}
