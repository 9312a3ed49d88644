//! What the tests of this crate run the system in: where whole runs are broken by `fault-engine`, these break
//! one part at a time.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "what fails here fails the test that uses it"
)]

pub mod outside;
pub mod world;
