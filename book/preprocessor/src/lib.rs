//! The preprocessor of the book: a page names code, differences, outputs, diagrams and the fault matrix, and the build puts
//! in what the repository has. A page that names something missing or empty stops the build.
//!
//! | in a page | becomes |
//! |---|---|
//! | `{{#listing PATH:ANCHOR}}`, `{{#listing PATH}}` | part of a file, or all of it |
//! | `{{#changes FROM TO FILE:ANCHOR}}`, `{{#changes FROM TO FILE}}` | what changes in a file from one chapter to another |
//! | `{{#output PATH:HEADING}}`, `{{#output PATH}}` | a stored output, or the section under a heading |
//! | `{{#figure PATH alt="TEXT"}}` | a Mermaid diagram |
//! | `{{#matrix}}`, `{{#matrix 01 02}}` | the fault matrix, or some of its columns |
//!
//! Each stands alone on its line. Paths start at the root of the repository, those of figures may start with `figures/`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod anchors;
mod changes;
pub mod commands;
pub mod coverage;
pub mod directive;
pub mod error;
pub mod fences;
mod figure;
mod html;
mod listing;
mod matrix;
mod output;
pub mod page;
pub mod repository;
pub mod words;

pub use error::{Error, Located};
pub use page::Page;
pub use repository::Repository;
