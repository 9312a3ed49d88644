//! The other direction: what the repository has for the book and no page shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::error::Error;
use crate::fences::{Fences, Line};
use crate::page::Page;
use crate::repository::{PAGES, Repository};
use crate::{anchors, numbers};

/// Where anchors are written for the book.
const ANCHORED: [&str; 2] = ["chapters", "final"];
/// Where snapshots are stored for the book.
const STORED: [&str; 2] = ["chapters", "tests/fault-lab"];
/// What is read beside the book, and has numbers with a source as well.
const BESIDE: [&str; 4] = ["README.md", "ARCHITECTURE.md", "terraform/README.md", "tests/README.md"];

/// All that is wrong with the pages, and all that no page uses. Empty when the book is complete.
///
/// # Errors
///
/// When a folder or a file cannot be read.
pub fn complaints(repository: &Repository) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    let pages = repository.root().join(PAGES);
    let listed = listed(repository.root())?;
    let listed: BTreeSet<_> = listed.iter().map(String::as_str).collect();
    for path in &listed {
        match fs::read_to_string(pages.join(path)) {
            Ok(text) => {
                let errors = Page { path, text: &text }.render(repository).err();
                complaints.extend(errors.into_iter().flatten().map(|error| error.to_string()));
                complaints.extend(typed_dollars(path, &text));
            }
            Err(error) => complaints.push(format!("SUMMARY.md lists {path}, which cannot be read: {error}")),
        }
    }
    let root = repository.root();
    for page in files(root, PAGES)?.iter().filter(|file| file.ends_with(".md")) {
        let page = page.trim_start_matches(PAGES).trim_start_matches('/');
        if page != "SUMMARY.md" && !listed.contains(page) {
            complaints.push(format!("SUMMARY.md does not list {page}"));
        }
    }
    for path in BESIDE.iter().filter(|path| root.join(path).exists()) {
        complaints.extend(numbers_of(repository, path)?);
    }
    complaints.extend(missing_chapters(root, &listed)?);
    complaints.extend(unused_anchors(repository)?);
    complaints.extend(unused_snapshots(repository)?);
    Ok(complaints)
}

/// The pages of `SUMMARY.md`, in its order.
///
/// # Errors
///
/// When it cannot be read.
pub fn listed(root: &Path) -> anyhow::Result<Vec<String>> {
    let path = root.join(PAGES).join("SUMMARY.md");
    let summary = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let targets = summary.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    Ok(targets.map(|(path, _)| path.trim_start_matches("./").to_owned()).collect())
}

/// Dollars that no test would see changing.
fn typed_dollars(page: &str, text: &str) -> Vec<String> {
    let typed = prose(text).filter_map(|(line, prose)| Some((line, numbers::unsourced_dollars(prose)?)));
    let told = |(line, dollars)| {
        format!("{PAGES}/{page}:{line}: {dollars} has no source: put `<!--= PATH: LINE -->` behind it")
    };
    typed.map(told).collect()
}

/// The lines outside of fences, from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fences = Fences::default();
    (1..).zip(text.lines()).filter(move |(_, line)| fences.next(line) == Line::Prose)
}

fn numbers_of(repository: &Repository, path: &str) -> Result<Vec<String>, Error> {
    let text = repository.read(path)?;
    let wrong =
        |(line, prose)| Some(format!("{path}:{line}: {}", numbers::checked(repository, prose).err()?));
    Ok(prose(&text).filter_map(wrong).collect())
}

fn missing_chapters(root: &Path, listed: &BTreeSet<&str>) -> anyhow::Result<Vec<String>> {
    let mut missing = Vec::new();
    for entry in fs::read_dir(root.join("chapters"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_chapter = entry.path().join("Cargo.toml").exists();
        let is_listed = listed.iter().any(|path| path.contains(&name));
        if is_chapter && !is_listed {
            missing.push(format!("SUMMARY.md lists no page for chapters/{name}"));
        }
    }
    missing.sort();
    Ok(missing)
}

fn unused_anchors(repository: &Repository) -> anyhow::Result<Vec<String>> {
    let mut unused = Vec::new();
    for folder in ANCHORED {
        for path in files(repository.root(), folder)? {
            let Ok(text) = fs::read_to_string(repository.root().join(&path)) else { continue };
            match anchors::places(&path, &text) {
                Err(error) => unused.push(error.to_string()),
                Ok(places) => {
                    let names = places.keys().filter(|name| !repository.is_anchor_used(&path, name));
                    unused.extend(names.map(|name| format!("no page shows the anchor {path}:{name}")));
                }
            }
        }
    }
    Ok(unused)
}

fn unused_snapshots(repository: &Repository) -> anyhow::Result<Vec<String>> {
    let mut candidates = Vec::new();
    for folder in STORED {
        let is_shown = |file: &String| {
            [".snap.txt", ".snap.mmd", ".snap.json"].iter().any(|ending| file.ends_with(ending))
                && !is_column_of_the_matrix(file)
        };
        candidates.extend(files(repository.root(), folder)?.into_iter().filter(is_shown));
    }
    candidates.extend(files(repository.root(), PAGES)?.into_iter().filter(|file| is_figure(file)));
    candidates.retain(|path| !repository.is_used(path));
    Ok(candidates.into_iter().map(|path| format!("no page shows {path}")).collect())
}

/// What the preprocessor draws.
fn is_figure(file: &str) -> bool {
    [".mmd", ".flow", ".frames", ".bar"].iter().any(|ending| file.ends_with(ending))
}

/// The laboratory joins these into the table that a page shows, and checks that it has.
fn is_column_of_the_matrix(file: &str) -> bool {
    file.contains("/it__matrix__") && !file.ends_with("/it__matrix__matrix.snap.txt")
}

/// The files below a folder, as paths from the root. Links are not followed: `book/src/code` leads back to
/// the root.
fn files(root: &Path, folder: &str) -> anyhow::Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        if !root.join(&folder).is_dir() {
            continue;
        }
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != "target" {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
