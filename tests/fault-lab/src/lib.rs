//! The laboratory: every program against every fault.
//!
//! `cargo run --profile lab -p fault-lab -- matrix` prints the table; without `--profile lab` the same takes about
//! twenty times as long. The programs and what is expected of them stand in [`programs`] and [`expected`].

pub mod expected;
pub mod matrix;
pub mod programs;
