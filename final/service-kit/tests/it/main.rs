//! The tests of the crate through its public API, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod auth;
mod aws;
mod correlation;
mod health;
mod hostile_input;
mod http_errors;
mod limits;
mod logging;
mod server;
mod settings;
mod shutdown;
mod strict_requests;
mod support;
