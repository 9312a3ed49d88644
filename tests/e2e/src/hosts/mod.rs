//! The ways to start the system.

mod binaries;
mod in_process;
mod lambda;
mod ministack;
mod process;
mod processes;
mod settings;

pub use in_process::InProcess;
pub use process::Process;
pub use processes::{Aws, Processes, Relays, Variables};

use std::path::Path;

use crate::system::Addresses;

/// Which records wake a relay that is a function; the very pattern that is deployed.
const STREAM_FILTER: &str = include_str!("../../../../terraform/modules/outbox/stream-filter.json");

/// Whether the programs that [`Processes`] starts are built beside this one and up to date.
///
/// # Errors
///
/// Which one is not, and how to build it.
pub fn check_programs() -> anyhow::Result<()> {
    ["local-aws", "customers", "orders", "outbox-relay"]
        .into_iter()
        .try_for_each(|name| binaries::find(name).map(drop))
}

/// A started system.
pub trait Host {
    /// Where it is found.
    fn addresses(&self) -> Addresses;

    /// The folder with the logs of its parts.
    fn logs(&self) -> &Path;

    /// Stops all of it, each part after what it has begun.
    ///
    /// # Errors
    ///
    /// When a part does not end as it should.
    fn stop(self) -> impl Future<Output = anyhow::Result<()>>;
}
