//! Pages of source code, one for each file that the book shows: with numbered lines, so that a caption can
//! lead to the place and not only to the file, in the book itself, so that it works where there is no
//! network. They are made when the book is built.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::escape::escape;
use crate::repository::{PAGES, Repository};

/// In each page: a file beside them would have to be listed, and copied, by hand.
const STYLE: &str = include_str!("../../theme/source.css");

/// Below the folder of the pages; git ignores it.
const FOLDER: &str = "code";

/// Where the page of a file is, from the first page of the book.
pub(crate) fn link(root: &str, path: &str, line: usize) -> String {
    format!("{root}{FOLDER}/{path}.html#L{line}")
}

/// Writes the page of each file that a page has named and deletes others. What has not changed is not
/// written: `mdbook serve` would build for ever.
///
/// # Errors
///
/// When a file cannot be read or written.
pub fn write(repository: &Repository) -> io::Result<()> {
    let folder = repository.root().join(PAGES).join(FOLDER);
    let mut wanted = BTreeSet::new();
    for path in repository.linked() {
        let text = fs::read_to_string(repository.root().join(&path))?;
        let target = folder.join(format!("{path}.html"));
        let page = page(&path, &text);
        if fs::read_to_string(&target).ok().as_deref() != Some(&page) {
            fs::create_dir_all(target.parent().unwrap_or(&folder))?;
            fs::write(&target, page)?;
        }
        wanted.insert(target);
    }
    for stale in files(&folder).into_iter().filter(|file| !wanted.contains(file)) {
        fs::remove_file(stale)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

fn page(path: &str, text: &str) -> String {
    let root = "../".repeat(path.matches('/').count() + 1);
    let name = escape(path);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>{name}</h1>\n<p><a href=\"{root}index.html\">to the book</a></p>\n<pre tabindex=\"0\">"
    );
    for (number, line) in (1..).zip(text.lines()) {
        let _ = writeln!(
            html,
            "<span id=\"L{number}\"><a href=\"#L{number}\">{number}</a>{}</span>",
            escape(line)
        );
    }
    html.push_str("</pre>\n</main>\n</body>\n</html>\n");
    html
}
