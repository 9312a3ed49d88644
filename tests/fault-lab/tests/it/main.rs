//! Tests of the laboratory: that it is repeatable, that it catches planted bugs, and what it measures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod cures;
mod matrix;
mod planted_bugs;
mod repeatable;
mod steps;
mod trace;
