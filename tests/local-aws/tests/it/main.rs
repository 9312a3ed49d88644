//! The embedded AWS as its users see it: each service, the event source mappings, and who watches. One
//! program, because each would be compiled with all that the embedded AWS is made of.

#![allow(clippy::unwrap_used, clippy::expect_used)]
// The workspace forbids what services must leave to the unit of work. These tests are about just those calls.
#![allow(clippy::disallowed_methods)]

mod mapping;
mod services;
mod watch;
