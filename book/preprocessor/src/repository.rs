//! The files of the repository, and which of them the pages have used.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::anchors;
use crate::error::Error;

/// The folder of the pages, from the root.
pub const PAGES: &str = "book/src";

/// The repository that the pages show.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    used: RefCell<BTreeSet<(String, Option<String>)>>,
    linked: RefCell<BTreeSet<String>>,
}

impl Repository {
    /// The repository in this folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), used: RefCell::default(), linked: RefCell::default() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file, with `\n` at the end of each line.
    ///
    /// # Errors
    ///
    /// [`Error::Outside`], [`Error::File`], [`Error::Empty`]
    pub fn read(&self, path: &str) -> Result<String, Error> {
        let stays = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !stays {
            return Err(Error::Outside(path.to_owned()));
        }
        let text = std::fs::read_to_string(self.root.join(path))
            .map_err(|error| Error::File { path: path.to_owned(), reason: error.to_string() })?;
        self.used.borrow_mut().insert((path.to_owned(), None));
        if text.trim().is_empty() {
            return Err(Error::Empty(path.to_owned()));
        }
        Ok(text.replace("\r\n", "\n"))
    }

    /// The lines of a file between the two comments of an anchor, or all of it, without the lines of any
    /// anchor.
    ///
    /// # Errors
    ///
    /// As [`Self::read`] and [`anchors::region`].
    pub fn region(&self, path: &str, anchor: Option<&str>) -> Result<String, Error> {
        let text = self.read(path)?;
        let Some(anchor) = anchor else { return Ok(anchors::without(&text)) };
        self.used.borrow_mut().insert((path.to_owned(), Some(anchor.to_owned())));
        anchors::region(path, &text, anchor)
    }

    /// Notes that a page leads to this file, and returns the line at which the anchor begins, from 1.
    ///
    /// # Errors
    ///
    /// As [`Self::region`].
    pub fn link(&self, path: &str, anchor: Option<&str>) -> Result<usize, Error> {
        let text = self.read(path)?;
        self.linked.borrow_mut().insert(path.to_owned());
        let places = anchor.map(|anchor| Ok((anchor, anchors::places(path, &text)?))).transpose()?;
        let place = places.and_then(|(anchor, places)| places.get(anchor).copied());
        Ok(place.map_or(1, |(comment, _)| comment + 2))
    }

    /// The files that pages lead to.
    pub fn linked(&self) -> BTreeSet<String> {
        self.linked.borrow().clone()
    }

    /// Whether a page has named this file.
    pub fn is_used(&self, path: &str) -> bool {
        self.used.borrow().contains(&(path.to_owned(), None))
    }

    /// Whether a page has named this anchor.
    pub fn is_anchor_used(&self, path: &str, anchor: &str) -> bool {
        self.used.borrow().contains(&(path.to_owned(), Some(anchor.to_owned())))
    }
}

/// A path and what may stand behind its colon.
///
/// # Errors
///
/// [`Error::LineRange`]
pub(crate) fn path_and_anchor(argument: &str) -> Result<(&str, Option<&str>), Error> {
    let Some((path, anchor)) = argument.split_once(':') else { return Ok((argument, None)) };
    let is_range = anchor.is_empty() || anchor.chars().all(|sign| sign.is_ascii_digit() || sign == ':');
    if is_range || anchor.contains(':') {
        return Err(Error::LineRange(argument.to_owned()));
    }
    Ok((path, Some(anchor)))
}
