//! Fuzz targets: every reader of what comes from outside, with what must hold of whatever it is given.
//!
//! Each target is a function of bytes that panics when a property is broken. `scripts/fuzz` gives them to
//! libFuzzer, which looks for bytes that reach new code; the tests of this crate give them the committed
//! seeds, and everything that was ever found.
//!
//! Common to all targets: what was not understood is an error and never half understood, and what was
//! understood comes back when it is written and read again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod delivery;
mod exchange;
mod filter;
mod http_customers;
mod http_orders;
mod invocation;
mod local_aws;
mod service;
mod settings;

/// A target: its name, which is also that of its folder of seeds, and what it does with some bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("delivery", delivery::target),
    ("filter", filter::target),
    ("http_customers", http_customers::target),
    ("http_orders", http_orders::target),
    ("invocation", invocation::target),
    ("local_aws", local_aws::target),
    ("settings", settings::target),
];
