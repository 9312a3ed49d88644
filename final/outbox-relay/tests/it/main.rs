//! The relay as a Lambda function behind the simulated event source mapping, and as a process that tails the stream, in one binary so
//! that it links once. The outbox, its topic and its queue are those of the tests of `transactional-messaging`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../../../transactional-messaging/tests/it/ambient.rs"]
mod ambient;
#[allow(dead_code, reason = "some of it is for the other tests")]
#[path = "../../../transactional-messaging/tests/it/bench.rs"]
mod bench;
mod lambda;
mod mapping;
#[allow(dead_code, reason = "some of it is for the other tests")]
#[path = "../../../transactional-messaging/tests/it/note.rs"]
mod note;
#[allow(dead_code, reason = "some of it is for the other tests")]
#[path = "../../../transactional-messaging/tests/it/partly.rs"]
mod partly;
mod program;
#[path = "../../../transactional-messaging/tests/it/queues.rs"]
mod queues;
mod scheduled;
mod tail;
mod tail_failures;
mod tail_lease;
mod tail_pace;
#[path = "../../../unit-of-work/tests/it/wire.rs"]
mod wire;
