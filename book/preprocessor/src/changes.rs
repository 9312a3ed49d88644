//! `changes`: what changes in a file from one chapter to another.

use similar::{ChangeTag, TextDiff};

use crate::error::Error;
use crate::fences::fenced;
use crate::html::captioned;
use crate::repository::{Repository, path_and_anchor};
use crate::rustdoc::without_sections;

/// Lines shown around a change.
const CONTEXT: usize = 3;

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    let words: Vec<_> = arguments.split_whitespace().collect();
    let [from, to, file] = words[..] else {
        let found = arguments.to_owned();
        return Err(Error::Arguments {
            directive: "changes",
            wanted: "FROM TO FILE or FROM TO FILE:ANCHOR",
            found,
        });
    };
    let (file, anchor) = path_and_anchor(file)?;
    let (before, after) = (format!("chapters/{from}/{file}"), format!("chapters/{to}/{file}"));
    let [old, new] =
        [&before, &after].map(|path| Ok(without_sections(path, repository.region(path, anchor)?)));
    let (old, new) = (old?, new?);
    let changes = compare(&old, &new);
    if changes.is_empty() {
        return Err(Error::NoChange(match anchor {
            Some(anchor) => format!("{file}:{anchor}"),
            None => file.to_owned(),
        }));
    }
    let caption = format!("what changes after {from}");
    Ok(captioned(root, &after, repository.link(&after, anchor)?, &caption, &fenced("diff", &changes)))
}

/// Each group of changes with the lines around it, a line `@@` between two groups. Line numbers would say
/// nothing.
fn compare(old: &str, new: &str) -> String {
    let comparison = TextDiff::from_lines(old, new);
    let groups = comparison.grouped_ops(CONTEXT);
    let groups = groups.iter().map(|group| {
        let changes = group.iter().flat_map(|operation| comparison.iter_changes(operation));
        changes
            .map(|change| {
                let sign = match change.tag() {
                    ChangeTag::Delete => "-",
                    ChangeTag::Insert => "+",
                    ChangeTag::Equal => " ",
                };
                format!("{sign}{}\n", change.value().trim_end_matches('\n'))
            })
            .collect::<String>()
    });
    groups.collect::<Vec<_>>().join("@@\n")
}
