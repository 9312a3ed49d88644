//! The use cases and the HTTP interface of the customers service on a database in memory, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

