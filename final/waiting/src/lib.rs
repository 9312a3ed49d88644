//! Nothing waits without a limit.
//!
//! Three things wait in a system of services, and each has a type here:
//!
//! - work for which somebody waits has a [`Deadline`]. It is set once, where the work comes in, and
//!   everything below it, down to the call of an SDK, fits into what is left;
//! - an attempt that may be repeated is repeated by a [`Backoff`]: so many times, with jitter in between;
//! - a loop that never ends (receive, tail, sweep) has an [`Outage`]: while what it needs is away it pauses
//!   for longer and longer, says so once and then once a minute, and says when it is over.

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod backoff;
mod deadline;
mod outage;

pub use backoff::Backoff;
pub use deadline::{Deadline, Late, in_time, pause};
pub use outage::Outage;
