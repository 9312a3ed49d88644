//! Tests of the laboratory: that it is repeatable, that it catches planted bugs, and what it measures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod cures;
mod matrix;
mod planted_bugs;
mod repeatable;
mod specimens;
mod steps;
mod trace;

/// A run is short and makes many small things: the system's allocator is a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
