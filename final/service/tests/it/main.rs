//! Services of every shape on the embedded AWS, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[cfg(feature = "http")]
mod answering;
mod consuming;
mod mails;
mod settings;
mod telemetry;
