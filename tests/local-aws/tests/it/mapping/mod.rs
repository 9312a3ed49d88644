//! The event source mapping against the embedded AWS, one test a rule, in memory under a paused clock.

mod bench;
mod event;
mod failure;
mod faults;
mod lanes;
mod reading;
mod restart;
mod scripted;
mod shards;
