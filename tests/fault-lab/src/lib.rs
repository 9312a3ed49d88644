//! The laboratory: every program against every fault.
//!
//! `cargo run -p fault-lab -- matrix` prints the table. The programs and what is expected of them stand in
//! [`programs`] and [`expected`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod expected;
pub mod gallery;
pub mod matrix;
pub mod programs;
