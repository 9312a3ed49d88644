//! The event source mapping against the embedded AWS, one test a rule, in memory under a paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used)]
// The workspace forbids what services must leave to the unit of work. These tests are about just those calls.
#![allow(clippy::disallowed_methods)]

mod bench;
mod event;
mod failure;
mod faults;
mod lanes;
mod reading;
mod restart;
mod scripted;
mod shards;
