//! The use cases and the HTTP interface of the orders service on a database in memory, in one binary so that
//! it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod adopting;
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

use support::{ambient, watched, wire};
