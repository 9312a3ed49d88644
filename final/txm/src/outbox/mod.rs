//! What waits in the outboxes: looked at, and let go.

mod change;
mod look;
mod scan;

pub use change::{dispatch, skip, unpark};
pub use look::{list, show, status};
pub use scan::{Found, every, scheduled};
