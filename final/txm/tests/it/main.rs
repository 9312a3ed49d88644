//! The real program on an embedded AWS over TCP, with tables, topics and queues of a deployment with a
//! prefix.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod codes;
mod erasing;
mod fifo;
mod finding;
mod interrupted;
mod letters;
#[cfg(feature = "ministack")]
mod on_ministack;
mod reconciling;
mod restored;
mod restoring;
mod running;
mod skipping;
mod world;
