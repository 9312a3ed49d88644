//! The laboratory: every program against every fault.
//!
//! `cargo run -p fault-lab -- matrix` prints the table. The programs and what is expected of them stand in
//! [`programs`] and [`expected`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

use mimalloc::MiMalloc;

/// A run is short and makes many small things: the system's allocator is a fifth of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub mod expected;
pub mod kill;
pub mod matrix;
pub mod programs;
