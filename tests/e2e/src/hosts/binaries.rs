//! The programs of the workspace, as cargo has built them beside this test.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, bail, ensure};

const BUILD: &str =
    "build them first: cargo build -p local-aws -p customers -p orders -p notifications -p outbox-relay";

/// Where a program of the workspace is. It must be there and not be older than its sources: cargo builds the
/// programs of another package only when it is told to, and a test of yesterday's program proves nothing.
///
/// # Errors
///
/// When it is missing or too old; the message says what to build.
pub(super) fn find(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().context("this test runs from an unknown place")?;
    // Tests lie one folder deeper than programs.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let Ok(built) = modified(&program) else { bail!("{} is missing; {BUILD}", program.display()) };
    let listed = std::fs::read_to_string(folder.join(format!("{name}.d"))).unwrap_or_default();
    for source in sources(&listed) {
        let changed = modified(&source).is_ok_and(|changed| changed > built);
        ensure!(!changed, "{} is older than {}; {BUILD}", program.display(), source.display());
    }
    Ok(program)
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    path.metadata()?.modified()
}

/// The files in a list that cargo writes for make: after a colon, separated by spaces; a space in a name has
/// a backslash before it.
fn sources(listed: &str) -> Vec<PathBuf> {
    let list = listed.split_once(": ").map_or("", |(_, list)| list).trim();
    let list = list.replace("\\ ", "\0");
    list.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_cargo_writes_them() {
        let listed = "/a/target/orders: /a/src/main.rs /b\\ c/lib.rs\n";
        assert_eq!(sources(listed), ["/a/src/main.rs", "/b c/lib.rs"].map(PathBuf::from));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_says_what_to_do() {
        let error = find("no-such-program").map(drop).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("cargo build")));
    }
}
