//! Anchors: comments `ANCHOR: name` and `ANCHOR_END: name` in a file of any language.

use std::collections::BTreeMap;

use crate::error::Error;

/// What one line says about an anchor.
#[derive(Debug, PartialEq, Eq)]
enum Mark<'a> {
    Open(&'a str),
    Close(&'a str),
}

/// With what a comment begins in the languages of this repository.
const COMMENTS: [&str; 5] = ["//", "#", "--", "<!--", "%%"];

fn mark(line: &str) -> Option<Mark<'_>> {
    let line = line.trim_start();
    let comment = COMMENTS.iter().find_map(|start| line.strip_prefix(start))?.trim_start();
    let name = |rest: &'static str| {
        let rest = comment.strip_prefix(rest)?.trim();
        Some(rest.strip_suffix("-->").unwrap_or(rest).trim_end())
    };
    name("ANCHOR:").map(Mark::Open).or_else(|| name("ANCHOR_END:").map(Mark::Close))
}

/// The text without the lines that are anchors.
pub fn without(text: &str) -> String {
    text.lines().filter(|line| mark(line).is_none()).flat_map(|line| [line, "\n"]).collect()
}

/// The lines of an anchor, without the indentation that they share and without the anchors between them.
///
/// # Errors
///
/// When the anchor is missing, open, closed only, there twice, or empty.
pub fn region(path: &str, text: &str, anchor: &str) -> Result<String, Error> {
    let places = places(path, text)?;
    let no_anchor = || Error::NoAnchor { path: path.to_owned(), anchor: anchor.to_owned() };
    let (open, close) = *places.get(anchor).ok_or_else(no_anchor)?;
    let lines: Vec<_> = text.lines().skip(open + 1).take(close - open - 1).collect();
    let region = without_indentation(&without(&lines.join("\n")));
    if region.is_empty() {
        return Err(Error::Empty(format!("{path}:{anchor}")));
    }
    Ok(region)
}

/// All anchors of a file, with the lines of their comments, from 0.
///
/// # Errors
///
/// When one is not closed, not opened, or there twice.
pub fn places<'a>(path: &str, text: &'a str) -> Result<BTreeMap<&'a str, (usize, usize)>, Error> {
    let (mut open, mut closed) = (BTreeMap::new(), BTreeMap::new());
    let named = |anchor: &str| (path.to_owned(), anchor.to_owned());
    for (number, line) in text.lines().enumerate() {
        match mark(line) {
            Some(Mark::Open(name)) => {
                let again = open.insert(name, number).is_some() || closed.contains_key(name);
                let (path, anchor) = named(name);
                again.then_some(Error::DuplicateAnchor { path, anchor }).map_or(Ok(()), Err)?;
            }
            Some(Mark::Close(name)) => {
                let Some(begin) = open.remove(name) else {
                    let (path, anchor) = named(name);
                    return Err(Error::UnopenedAnchor { path, anchor });
                };
                closed.insert(name, (begin, number));
            }
            None => {}
        }
    }
    match open.keys().next() {
        Some(name) => {
            let (path, anchor) = named(name);
            Err(Error::UnclosedAnchor { path, anchor })
        }
        None => Ok(closed),
    }
}

/// The text moved to the left, without blank lines at both ends.
fn without_indentation(text: &str) -> String {
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let least = text.lines().filter(|line| !line.trim().is_empty()).map(|line| indentation(&line)).min();
    let moved = text.lines().map(|line| line.get(least.unwrap_or(0)..).unwrap_or(""));
    let moved: Vec<_> = moved.skip_while(|line| line.trim().is_empty()).collect();
    let moved = moved.join("\n");
    let moved = moved.trim_end();
    if moved.is_empty() { String::new() } else { format!("{moved}\n") }
}
