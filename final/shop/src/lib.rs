//! The services of the system, in the one place where they are listed: [`SERVICES`]. Whoever runs all of them
//! or speaks of all of them does so by it. [`reconcile`] is about what they know of each other.

pub mod contracts;
pub mod reconcile;
mod services;

pub use services::{Configured, Registered, SERVICES};
