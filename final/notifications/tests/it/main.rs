//! The notifications service on an embedded AWS: its handlers, its sender, its two providers, and both with
//! every call broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod broken;
mod desk;
mod function;
mod keyed;
mod mails;
mod planted;
mod start;
mod survey;
