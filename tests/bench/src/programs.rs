//! The programs that are measured: built by cargo before, each with the profile in which it is shipped.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

/// The folder of the workspace.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A process that ends with this value.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program of the workspace, built in release before it is returned. The first build takes minutes, and
/// says so itself.
pub(crate) fn released(name: &str) -> Result<PathBuf> {
    built(name, "release", &[])
}

/// The relay's function, built as `scripts/build-lambda` builds it, but for this machine's C library.
pub(crate) fn function() -> Result<PathBuf> {
    built("outbox-relay", "function", &["--no-default-features"])
}

fn built(name: &str, profile: &str, features: &[&str]) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(WORKSPACE).stdout(Stdio::null());
    build.args(["build", "--locked", "--profile", profile, "--package", name]).args(features);
    ensure!(build.status().context("cargo could not be started")?.success(), "{name} could not be built");
    let target = env::var_os("CARGO_TARGET_DIR").map_or(Path::new(WORKSPACE).join("target"), PathBuf::from);
    Ok(target.join(profile).join(name))
}

/// A program that was built with this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(name);
    ensure!(program.exists(), "{} is missing; build it: cargo build --package {name}", program.display());
    Ok(program)
}
