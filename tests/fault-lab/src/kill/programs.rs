//! The programs that are killed, as cargo builds them.

use std::process::Command;

use anyhow::{Context as _, ensure};
use e2e::hosts::check_programs;

/// Builds them when one is missing or older than its sources. A build that was made with the whole workspace is left as it is: with fewer
/// packages the dependencies would be compiled once more, with fewer features.
///
/// # Errors
///
/// When they are not there and cannot be built.
pub(super) fn ensure_built() -> anyhow::Result<()> {
    let Err(stale) = check_programs() else { return Ok(()) };
    let Some(cargo) = std::env::var_os("CARGO") else { return Err(stale) };
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(|folder| folder.file_name()).and_then(|name| name.to_str());
    let profile = match folder.context("this program runs from an unknown place")? {
        "debug" => "dev",
        profile => profile,
    };
    let mut build = Command::new(cargo);
    build.args(["build", "--bins", "--profile", profile]);
    for package in ["local-aws", "customers", "orders", "outbox-relay"] {
        build.args(["-p", package]);
    }
    ensure!(build.status()?.success(), "the programs could not be built");
    check_programs()
}
