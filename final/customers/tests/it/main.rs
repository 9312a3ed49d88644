//! The use cases and the HTTP interface of the customers service on a database in memory, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../../../transactional-messaging/tests/it/ambient.rs"]
mod ambient;
mod cancellations;
mod contract;
mod desk;
mod hot_customer;
mod http;
mod openapi;
mod orders;
#[path = "../../../transactional-messaging/tests/it/queues.rs"]
mod queues;
mod races;
mod rejections;
mod start;
mod watched;
#[path = "../../../unit-of-work/tests/it/wire.rs"]
mod wire;
