//! The use cases and the HTTP interface of the orders service on a database in memory, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../../../transactional-messaging/tests/it/ambient.rs"]
mod ambient;
mod cancelling;
mod contract;
mod decisions;
mod desk;
mod http;
mod idempotency_key;
mod openapi;
mod overdue;
mod reasons;
mod saga;
mod start;
mod timeouts;
#[path = "../../../customers/tests/it/watched.rs"]
mod watched;
#[path = "../../../unit-of-work/tests/it/wire.rs"]
mod wire;
