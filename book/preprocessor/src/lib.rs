//! The preprocessor of the book: a page names code, differences, outputs, diagrams and the fault matrix, and
//! the build puts in what the repository has. A page that names something missing or empty stops the build.
//!
//! | in a page | becomes |
//! |---|---|
//! | `{{#listing PATH:ANCHOR}}`, `{{#listing PATH}}` | part of a file, or all of it |
//! | `{{#changes FROM TO FILE:ANCHOR}}`, `{{#changes FROM TO FILE}}` | what changes in a file from one chapter to another |
//! | `{{#output PATH:HEADING}}`, `{{#output PATH}}` | a stored output, or the section under a heading |
//! | `{{#figure PATH alt="TEXT"}}` | a Mermaid diagram |
//! | `{{#flow figures/NAME.flow alt="TEXT"}}` | a drawing of the system, in which each part has its place |
//! | `{{#frames figures/NAME.frames alt="TEXT"}}` | rows of the outbox at several moments |
//! | `{{#bar figures/NAME.bar}}` | times one after the other |
//! | `{{#bars PATH COLUMN title="TEXT"}}` | a column of a stored table as bars |
//! | `{{#layers PATH title="TEXT"}}` | a stored JSON document as boxes in boxes |
//! | `{{#matrix}}`, `{{#matrix 01 02}}` | the fault matrix, or some of its columns |
//! | `{{#promise}}` | the matrix in seven lines and six questions, without a letter |
//! | `{{#runs}}`, `{{#runs 01 crash-after}}` | the runs behind the matrix, or those of one of its cells, with a slider |
//!
//! A listing and a change leave out what only API documentation needs: sections of doc comments such as
//! `# Errors`.
//!
//! A link to `code/PATH` leads to the page of that file, which the build makes, as it does for each file that
//! a listing shows.
//!
//! Behind a number in a sentence stands where it is from, `26<!--= receipt: final -->`, and the build stops
//! when it has become another one there (`numbers.rs`).
//!
//! Each directive stands alone on its line. Paths start at the root of the repository, those of figures may
//! start with `figures/`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod anchors;
mod bar;
mod bars;
mod changes;
pub mod commands;
pub mod coverage;
pub mod directive;
pub mod error;
mod escape;
pub mod fences;
mod figure;
mod flow;
mod frames;
mod html;
mod layers;
mod listing;
mod matrix;
mod numbers;
mod output;
pub mod page;
mod promise;
pub mod repository;
mod runs;
mod rustdoc;
pub mod sources;
pub mod words;

pub use error::{Error, Located};
pub use page::Page;
pub use repository::Repository;
