//! The packages of the workspace, as cargo sees them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

/// A package.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    /// Its library, programs and tests.
    pub targets: Vec<Target>,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    name: String,
    /// None for an ordinary one, else `dev` or `build`.
    kind: Option<String>,
    path: Option<PathBuf>,
}

/// What cargo compiles into one crate.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its root file.
    pub src_path: PathBuf,
}

impl Package {
    /// The packages of the workspace that it depends on; what only its tests need does not count.
    pub fn knows(&self) -> BTreeSet<String> {
        let ours = self.dependencies.iter().filter(|dependency| dependency.path.is_some());
        let counted = ours.filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        counted.map(|dependency| dependency.name.clone()).collect()
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned).unwrap_or_default()
}

/// All packages.
///
/// # Errors
///
/// When cargo cannot be asked, or answers something else.
pub fn packages() -> Result<Vec<Package>, String> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata cannot be run: {error}"))?;
    if !asked.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&asked.stderr)));
    }
    let metadata: Metadata = serde_json::from_slice(&asked.stdout).map_err(|error| error.to_string())?;
    Ok(metadata.packages)
}

/// Whom each package knows.
pub fn knows(packages: &[Package]) -> BTreeMap<String, BTreeSet<String>> {
    packages.iter().map(|package| (package.name.clone(), package.knows())).collect()
}

/// The files that are kept in git, or will be, as far as they are text, with their paths from the root. In a
/// copy without git these are all files but what was built.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files() -> Result<Vec<(String, String)>, String> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(list).current_dir(root()).output();
    let names = match listed {
        Ok(listed) if listed.status.success() => {
            String::from_utf8_lossy(&listed.stdout).split('\0').map(str::to_owned).collect()
        }
        _ => below(&root())?,
    };
    let text = |name: String| {
        let text = std::fs::read_to_string(root().join(&name)).ok()?;
        Some((name, text))
    };
    Ok(names.into_iter().filter_map(text).collect())
}

/// The paths of all files below a folder, from the root, without those of git and what was built.
fn below(folder: &Path) -> Result<Vec<String>, String> {
    let unread = |error| format!("{} cannot be read: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && name != "node_modules" && name != ".git" {
            found.extend(below(&path)?);
        } else if path.is_file() {
            found.extend(path.strip_prefix(root()).ok().map(|path| path.to_string_lossy().into_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_sources_are_found_as_well() {
        let sources = |paths: Vec<String>| {
            let is_source = |path: &String| path.starts_with("final/") && path.ends_with(".rs");
            paths.into_iter().filter(is_source).collect::<BTreeSet<_>>()
        };
        let with_git = sources(files().unwrap().into_iter().map(|(path, _)| path).collect());
        assert_eq!(sources(below(&root()).unwrap()), with_git);
        assert!(with_git.len() > 100);
    }
}
