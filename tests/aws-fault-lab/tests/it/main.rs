//! The laboratory on programs that know nothing of it, and what it says when something is wrong with what it
//! was given.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "these programs are what others would write"
)]

mod bare;
mod hangs;
mod kinds;
mod lesson;
mod reports;
