//! What stops the build of the book.

use std::fmt;

/// A mistake in a page, or in what it names. None goes away by building again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("there is no directive {0:?}: use one that the documentation of book-preprocessor lists")]
    UnknownDirective(String),
    #[error("`{{{{#` without `}}}}` on the same line")]
    Unclosed,
    #[error("a directive must stand alone on its line: move {0:?} away")]
    NotAlone(String),
    #[error("a directive makes its own fence: take it out of this one, or write `\\{{{{#` to show it")]
    InFence,
    #[error("{directive} takes {wanted}, not {found:?}")]
    Arguments { directive: &'static str, wanted: &'static str, found: String },
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{0} lies outside of the repository")]
    Outside(String),
    #[error("{path} has no name ending by which its language is known")]
    Language { path: String },
    #[error("{0:?} is a range of lines, which moves with every change of the file: name an anchor")]
    LineRange(String),
    #[error("{path} has no anchor {anchor:?}")]
    NoAnchor { path: String, anchor: String },
    #[error("{path} opens the anchor {anchor:?} and does not close it")]
    UnclosedAnchor { path: String, anchor: String },
    #[error("{path} closes the anchor {anchor:?} and has not opened it")]
    UnopenedAnchor { path: String, anchor: String },
    #[error("{path} has the anchor {anchor:?} twice")]
    DuplicateAnchor { path: String, anchor: String },
    #[error("{0} is empty")]
    Empty(String),
    #[error("{0} is the same in both chapters: there is no change to show")]
    NoChange(String),
    #[error("{path} has no heading {heading:?}: it has {found}")]
    NoHeading { path: String, heading: String, found: String },
    #[error("a figure needs a text for those who do not see it: alt=\"…\"")]
    NoAlt,
    #[error("a Mermaid diagram goes into a file of its own, shown by `{{{{#figure PATH alt=\"…\"}}}}`")]
    MermaidFence,
    #[error(
        "{number:?} is not in the line {line:?} of {path}, which has {found:?}: read the sentence again, and put the number right"
    )]
    Number { number: String, path: String, line: String, found: String },
    #[error("{path} has no line that begins with {line:?}")]
    NoLine { path: String, line: String },
    #[error("the source of a number is written `<!--= PATH: LINE -->`, not {0:?}")]
    Unsourced(String),
    #[error("the matrix {path} has no column {column:?}: it has {found}")]
    NoColumn { path: String, column: String, found: String },
    #[error(
        "{path} has no runs of {fault:?}: `cargo run -p fault-lab -- matrix --runs book/src/runs` stores them"
    )]
    NoRuns { path: String, fault: String },
    #[error("{path} is no matrix: {reason}")]
    Matrix { path: String, reason: String },
}

/// An error and where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Located {
    /// The page, relative to `book/src`.
    pub page: String,
    /// The line in the page, from 1.
    pub line: usize,
    /// The mistake.
    pub error: Error,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "book/src/{}:{}: {}", self.page, self.line, self.error)
    }
}
