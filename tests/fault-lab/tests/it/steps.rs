//! The step from one chapter to the next is the lesson, so it must stay small enough to read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// More changed lines than this nobody reads.
const MOST: usize = 250;

const CHAPTERS: [&str; 6] =
    ["01-naive", "02-inbox", "03-outbox", "04-unit-of-work", "05-streams-relay", "06-full"];

#[test]
fn no_step_changes_more_lines_than_can_be_read() {
    for pair in CHAPTERS.windows(2) {
        let (before, after) = (sources(pair[0]), sources(pair[1]));
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let lines =
            |files: &BTreeMap<String, Vec<String>>, name| files.get(name).cloned().unwrap_or_default();
        let changed: usize =
            names.into_iter().map(|name| changed(&lines(&before, name), &lines(&after, name))).sum();
        println!("{} to {}: {changed} changed lines", pair[0], pair[1]);
        assert!(changed <= MOST, "{} to {} changes {changed} lines, more than {MOST}", pair[0], pair[1]);
    }
}

/// Lines of code by file: without comments, blank lines, imports, and the text of the story.
fn sources(chapter: &str) -> BTreeMap<String, Vec<String>> {
    let folder: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chapters").join(chapter).join("src");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let told = |path: &PathBuf| path.ends_with("story.rs") || path.ends_with("main.rs");
    files
        .filter(|path| !told(path))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), code(&path)))
        .collect()
}

fn code(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("use "))
        .map(str::to_owned)
        .collect()
}

/// A line that is replaced counts once: the larger of the lines that went and the lines that came.
fn changed(before: &[String], after: &[String]) -> usize {
    let mut common = vec![0; after.len() + 1];
    for old in before {
        let mut diagonal = 0;
        for (column, new) in after.iter().enumerate() {
            let above = common[column + 1];
            common[column + 1] = if old == new { diagonal + 1 } else { above.max(common[column]) };
            diagonal = above;
        }
    }
    before.len().max(after.len()) - common[after.len()]
}
