//! What wakes the relay and hands messages to a consumer: Lambda functions behind simulated event source
//! mappings, and a process that tails the stream.

mod consumer;
mod lambda;
mod mapping;
mod scheduled;
mod tail;
mod tail_failures;
mod tail_lease;
mod tail_pace;
