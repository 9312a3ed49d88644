//! The use cases and the HTTP interface of the customers service on a database in memory, in one binary so
//! that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod cancellations;
mod contract;
mod desk;
mod hot_customer;
mod http;
mod openapi;
mod orders;
mod races;
mod rejections;
mod start;

use support::{ambient, queues, watched, wire};
