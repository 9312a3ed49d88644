//! Numbers in sentences. Behind a number that a program has printed stands a comment, which names the stored
//! line that has it: `26<!--= receipt: final -->`. The build stops when that line has another, so that
//! whoever changes the number reads the sentence again. The comment is not shown.
//!
//! | comment | what must have the number |
//! |---|---|
//! | `<!--= PATH: LINE -->` | the rest of a line of this file that begins with `LINE` |
//! | `<!--= PATH: LINE #3 -->` | the third word of that rest |
//!
//! A path may be one of [`SHORT`], `story CHAPTER` for what a chapter prints, or `laboratory` for what one
//! counts in the matrix: `programs`, `faults`, and `PROGRAM FAULT KIND` for the runs with such damage. Small
//! numbers may be words.

use std::fmt::Write as _;

use crate::error::Error;
use crate::matrix;
use crate::repository::Repository;

/// Files that sentences name often.
const SHORT: [(&str, &str); 5] = [
    ("receipt", "tests/bench/tests/snapshots/receipt__summary.snap"),
    ("costs", "tests/bench/tests/snapshots/running__costs.snap.txt"),
    ("month", "tests/bench/tests/snapshots/running__month.snap.txt"),
    ("own-stream", "tests/bench/tests/snapshots/running__own-stream.snap.txt"),
    ("at rest", "terraform/README.md"),
];
const LABORATORY: &str = "laboratory";
/// Rows of the matrix in which a run has several faults.
const SEVERAL: [&str; 2] = ["two-crashes", "several-at-random"];

const BEGIN: &str = "<!--= ";
const END: &str = " -->";
const WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// The line without its comments, once all of its numbers are those of their sources.
///
/// # Errors
///
/// [`Error::Number`], [`Error::NoLine`], [`Error::Unsourced`], and those of [`Repository::read`].
pub(crate) fn checked(repository: &Repository, line: &str) -> Result<String, Error> {
    let mut parts = line.split(BEGIN);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let unsourced = || Error::Unsourced(part.to_owned());
        let (comment, rest) = part.split_once(END).ok_or_else(unsourced)?;
        let (source, wanted) = comment.split_once(": ").ok_or_else(unsourced)?;
        let number = shown.split([' ', '|', '(', '[']).next_back().unwrap_or_default();
        judge(repository, number, source, wanted)?;
        shown.push_str(rest);
    }
    Ok(shown)
}

fn judge(repository: &Repository, number: &str, source: &str, wanted: &str) -> Result<(), Error> {
    let text = text_of(repository, source)?;
    let (begins, place) = match wanted.rsplit_once(" #") {
        Some((begins, place)) => (begins, place.parse::<usize>().ok()),
        None => (wanted, None),
    };
    let mut rests = text.lines().filter_map(|line| behind(line, begins)).peekable();
    let Some(first) = rests.peek().cloned() else {
        return Err(Error::NoLine { path: source.to_owned(), line: begins.to_owned() });
    };
    let is_there = |rest: String| {
        let mut words = rest.split_whitespace().map(plain);
        let number = plain(number);
        match place {
            Some(place) => words.nth(place.saturating_sub(1)) == Some(number),
            None => words.any(|word| word == number),
        }
    };
    if rests.any(is_there) {
        return Ok(());
    }
    let (number, line) = (plain(number), wanted.to_owned());
    Err(Error::Number { number, path: source.to_owned(), line, found: first })
}

fn text_of(repository: &Repository, source: &str) -> Result<String, Error> {
    if source == LABORATORY {
        return laboratory(&repository.read(matrix::PATH)?);
    }
    if let Some(chapter) = source.strip_prefix("story ") {
        return repository.read(&format!("chapters/{chapter}/tests/snapshots/story__story.snap.txt"));
    }
    repository.read(SHORT.iter().find(|(short, _)| *short == source).map_or(source, |(_, path)| path))
}

/// What stands behind these words, if the line begins with them, with one blank between all words.
fn behind(line: &str, begins: &str) -> Option<String> {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = line.strip_prefix(begins)?;
    let is_whole = rest.is_empty() || rest.starts_with(' ') || !begins.ends_with(char::is_alphanumeric);
    is_whole.then(|| rest.trim().to_owned())
}

/// `$1,000` as `1000`, `seven` as `7`.
fn plain(word: &str) -> String {
    let word = word.trim_matches(|sign: char| !sign.is_alphanumeric()).replace(',', "");
    let small = WORDS.iter().position(|small| small.eq_ignore_ascii_case(&word));
    small.map_or(word, |small| small.to_string())
}

/// What a reader would count in the matrix.
fn laboratory(matrix: &str) -> Result<String, Error> {
    let matrix = matrix::parse(matrix)?;
    let mut text = format!("programs {}\n", matrix.programs().count());
    let faults = matrix.rows.iter().filter(|(name, _)| *name != "runs" && !SEVERAL.contains(name));
    let _ = writeln!(text, "faults {}", faults.count());
    for (fault, cells) in &matrix.rows {
        for (program, cell) in matrix.programs().zip(cells) {
            for (kind, runs) in cell.split(' ').filter_map(matrix::damage) {
                let _ = writeln!(text, "{program} {fault} {kind} {runs}");
            }
        }
    }
    Ok(text)
}

/// Dollars in a sentence that nothing stands behind. Those of AWS and of others are in tables with sources,
/// or in what a test has stored.
pub(crate) fn unsourced_dollars(line: &str) -> Option<&str> {
    let mut prose = line.split('`').step_by(2).flat_map(|prose| prose.split([' ', '|', '(']));
    let is_typed = |word: &str| {
        let typed = word.split("<!--").next().unwrap_or_default();
        let behind = &word[typed.len()..];
        typed.trim_start_matches('*').starts_with('$')
            && typed.contains(|sign: char| sign.is_ascii_digit())
            && behind.is_empty()
    };
    prose.find(|word| is_typed(word))
}

#[cfg(test)]
mod tests {
    use super::{behind, laboratory, plain, unsourced_dollars};

    #[test]
    fn a_number_is_the_same_in_words_in_dollars_and_in_bold() {
        assert_eq!(["**$1,000**", "Seven", "22.20,", "x"].map(plain), ["1000", "7", "22.20", "x"]);
    }

    #[test]
    fn a_line_is_known_by_whole_words() {
        assert_eq!(behind("  final     26  13", "final").as_deref(), Some("26 13"));
        assert_eq!(behind("final, sent off  23", "final"), None);
        assert_eq!(behind("  \"relay\": 969.5,", "\"relay\":").as_deref(), Some("969.5,"));
    }

    #[test]
    fn the_matrix_is_counted_without_the_rows_of_several_faults() {
        let matrix =
            "  a  b  runs\ncrash  L1 D2  ok  12\nlost  -  ok  3\ntwo-crashes  ok  ok  99\nruns  8  9  114\n";
        let counted = "programs 2\nfaults 2\na crash lost 1\na crash doubled 2\n";
        assert_eq!(laboratory(matrix).unwrap(), counted);
    }

    #[test]
    fn dollars_need_a_source() {
        assert_eq!(unsourced_dollars("it costs **$5.10** today"), Some("**$5.10**"));
        assert_eq!(unsourced_dollars("| $5.10<!--= a: b --> | `$1` | \"$QUEUE\" |"), None);
    }
}
