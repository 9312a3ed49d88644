//! What the tests of several crates need.
//!
//! Each part stands behind a feature, so that the tests of `waiting` compile no AWS, and those of
//! `unit-of-work` no messaging:
//!
//! | feature | module | what it gives |
//! |---|---|---|
//! | | [`logs`] | what a test, or its thread, logs |
//! | `aws` | [`wire`] | the way to an embedded AWS: it keeps every request and breaks those that a test wants broken |
//! | `aws` | [`partly`] | batches of which AWS does a part |
//! | `aws` | [`queues`] | a look into queues |
//! | `aws` | [`tables`] | a table of the simplest kind, and its items |
//! | `database` | [`watched`] | a database in memory that shows what is committed, and fails when told to |
//! | `messaging` | [`ambient`], [`note`], [`bench`] | time and ids; a message; its outbox, topic and queue, with a relay |
//! | `messaging` | [`worker`] | a consumer at work on the bench's queue |
//!
//! What fails here fails the test that called it: it panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "only tests call it, which a panic fails as it should"
)]

#[cfg(feature = "messaging")]
pub mod ambient;
#[cfg(feature = "messaging")]
pub mod bench;
pub mod logs;
#[cfg(feature = "messaging")]
pub mod note;
#[cfg(feature = "aws")]
pub mod partly;
#[cfg(feature = "aws")]
pub mod queues;
#[cfg(feature = "aws")]
pub mod tables;
#[cfg(feature = "database")]
pub mod watched;
#[cfg(feature = "aws")]
pub mod wire;
#[cfg(feature = "messaging")]
pub mod worker;
