//! The ways to start the system.

mod binaries;
mod function;
mod in_process;
mod lambda;
mod ministack;
mod ports;
mod process;
mod processes;
mod settings;

pub use in_process::InProcess;
pub use process::Process;
pub use processes::{Aws, Processes, Relays, Variables};
pub use settings::variables;

use std::path::{Path, PathBuf};

use aws_types::SdkConfig;
use shop::SERVICES;

use crate::system::Addresses;

/// Which records wake a relay that is a function; the very pattern that is deployed.
const STREAM_FILTER: &str = include_str!("../../../../terraform/modules/outbox/stream-filter.json");

/// Whether the programs that [`Processes`] starts are built beside this one and up to date.
///
/// # Errors
///
/// Which one is not, and how to build it.
pub fn check_programs() -> anyhow::Result<()> {
    let services = SERVICES.iter().map(|service| service.name);
    services.chain(["local-aws", "outbox-relay"]).try_for_each(|name| binaries::find(name).map(drop))
}

/// The services that publish, and so have an outbox with a relay.
fn publishers() -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().filter(shop::Registered::publishes).map(|service| service.name)
}

/// Where a program of the workspace lies.
///
/// # Errors
///
/// When it is missing or older than its sources.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    binaries::find(name)
}

/// ministack alone, started, and how it is reached. It ends when the process is dropped.
///
/// # Errors
///
/// When it is not installed below this target folder, or does not start.
pub async fn start_ministack(target: &Path, logs: &Path) -> anyhow::Result<(Process, SdkConfig)> {
    let (mut process, endpoint) = ministack::process(target, logs)?;
    process.start().await?;
    Ok((process, settings::sdk_config(&endpoint).await?))
}

/// A started system.
pub trait Host {
    /// Where it is found.
    fn addresses(&self) -> Addresses;

    /// The folder with the logs of its parts.
    fn logs(&self) -> &Path;

    /// Is told that every scenario was run, and passed, before it is stopped.
    fn all_passed(&mut self) {}

    /// Stops all of it, each part after what it has begun.
    ///
    /// # Errors
    ///
    /// When a part does not end as it should.
    fn stop(self) -> impl Future<Output = anyhow::Result<()>>;
}
