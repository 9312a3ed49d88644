//! A page that shows messages on their way through a running system, and lets its parts crash.
//!
//! Every call that passes the embedded AWS is seen, whoever makes it ([`local_aws::LocalAws::watch`]). A pure
//! reducer makes facts of calls: stored, published, delivered, received, handled, duplicate, parked and so
//! on. From the facts and from what was written the invariants are judged. [`Page`] serves all that: the
//! system as a picture, each conversation as a graph and as a sequence, tables and queues, and the
//! invariants.
//!
//! A host brings its parts as [`Process`]es, which can die, and its endpoints as a [`Host`]; [`Stage`] makes
//! the buttons of both. Without [`Controls`] the page only looks. Nothing here knows which program is shown,
//! beyond that it has orders and customers.

mod bounded;
mod callers;
mod controls;
mod facts;
mod gate;
mod hub;
mod judge;
mod ledger;
mod process;
mod reducer;
mod serve;
mod stage;
mod wire;
mod wiring;

pub use controls::{Button, Controls, Host, Reply};
pub use facts::{Fact, Message, What};
pub use gate::{Gate, Outage, Point};
pub use hub::{Clock, Hub};
pub use judge::{Invariant, Standing};
pub use process::{Begin, BoxError, Process, Role, State};
pub use serve::Page;
pub use stage::Stage;

/// The time by the system's clock: milliseconds since 1970.
pub fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's time enters the page")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
