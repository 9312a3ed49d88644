//! The programs that are killed, as cargo builds them.

use std::process::Command;

use crate::hosts::check_programs;
use anyhow::{Context as _, ensure};
use shop::SERVICES;

/// Builds them when one is missing or older than its sources, together with this program: so their
/// dependencies have the features, and are the builds, that this one has already.
///
/// # Errors
///
/// When they are not there and cannot be built.
pub(super) fn ensure_built() -> anyhow::Result<()> {
    if check_programs().is_ok() {
        return Ok(());
    }
    // The one that has started this program, if one has.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(|folder| folder.file_name()).and_then(|name| name.to_str());
    let profile = match folder.context("this program runs from an unknown place")? {
        "debug" => "dev",
        profile => profile,
    };
    let mut build = Command::new(cargo);
    build.args(["build", "--bins", "--profile", profile]);
    let services = SERVICES.iter().map(|service| service.name);
    for package in services.chain(["e2e", "local-aws", "outbox-relay"]) {
        build.args(["-p", package]);
    }
    ensure!(build.status()?.success(), "the programs could not be built");
    check_programs()
}
