//! Measurements that take minutes and follow from sources alone. Beside each lies a note of what it was made
//! from, and while that is as it was, comments aside, there is nothing to measure: the same programs on the
//! same embedded AWS take the same course.
//!
//! Who asks for all of it gets it: a note counts only where `MEASURE=changed` is in the environment, as in
//! `scripts/test`.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::workspace::{Package, files, packages, root};

/// What everything is built with.
const COMPILER: &str = "rust-toolchain.toml";

/// A measurement, and the note of what it was made from.
#[derive(Clone, Debug)]
pub struct Measured {
    note: PathBuf,
    package: String,
    besides: Vec<String>,
}

impl Measured {
    /// A measurement of a package, and so of all of the workspace that it is built of. It was also made from
    /// `besides`, files and folders: the test itself, and what it has stored. All paths are from the root.
    pub fn of(package: &str, besides: &[&str], note: &str) -> Self {
        let besides = besides.iter().map(|path| (*path).to_owned()).collect();
        Self { note: root().join(note), package: package.to_owned(), besides }
    }

    /// Whether nothing that it was made from has changed, and whoever asks wants to know only that.
    ///
    /// # Errors
    ///
    /// When cargo or git cannot be asked.
    pub fn is_known(&self) -> Result<bool, String> {
        if std::env::var("MEASURE").is_ok_and(|what| what == "changed") {
            let sources = self.sources()?;
            return Ok(std::fs::read_to_string(&self.note).is_ok_and(|noted| noted == sources));
        }
        Ok(false)
    }

    /// Notes that it was made just now, from what is there.
    ///
    /// # Errors
    ///
    /// When cargo or git cannot be asked, or the note not be written.
    pub fn note(&self) -> Result<(), String> {
        let sources = self.sources()?;
        if std::fs::read_to_string(&self.note).is_ok_and(|noted| noted == sources) {
            return Ok(());
        }
        let unwritten = |error| format!("{} cannot be written: {error}", self.note.display());
        std::fs::create_dir_all(self.note.parent().unwrap_or(Path::new("."))).map_err(unwritten)?;
        std::fs::write(&self.note, sources).map_err(unwritten)
    }

    /// A digest of all that it is made from.
    fn sources(&self) -> Result<String, String> {
        digest(&packages()?, &self.package, &self.besides, &files()?)
    }
}

fn digest(
    packages: &[Package],
    package: &str,
    besides: &[String],
    files: &[(String, String)],
) -> Result<String, String> {
    let folders = folders(packages, package)?;
    let counts = |path: &str| {
        let source = |folder: &String| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|inside| !inside.starts_with("/tests/") && inside.starts_with('/'))
        };
        path == COMPILER
            || folders.iter().any(source)
            || besides.iter().any(|beside| Path::new(path).starts_with(beside))
    };
    let mut counted: Vec<_> = files.iter().filter(|(path, _)| counts(path)).collect();
    counted.sort();
    let mut hash = Sha256::new();
    for (path, text) in counted {
        let text = if path.ends_with(".rs") { without_comments(text) } else { text.clone() };
        hash.update(format!("{path} {}\n{text}", text.len()));
    }
    let text = |name: &str| files.iter().find(|(path, _)| path == name).map_or("", |(_, text)| text.as_str());
    hash.update(locked(text("Cargo.lock"), package));
    hash.update(profiles_of_tests(text("Cargo.toml")));
    let hex = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(format!("measured with sources of sha256 {hex}\n"))
}

/// The lines that are no comment: what only says something else is not measured again.
fn without_comments(source: &str) -> String {
    source.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// The profiles that tests are built with.
fn profiles_of_tests(manifest: &str) -> &str {
    let profiles = manifest.split_once("\n[profile.dev").map_or("", |(_, profiles)| profiles);
    profiles.split("\n[profile.release").next().unwrap_or("")
}

/// What a lock file says of a package and of all that it is built of.
fn locked(lock: &str, package: &str) -> String {
    let entries: Vec<_> = lock.split("[[package]]").skip(1).collect();
    let (mut names, mut next) = (BTreeSet::new(), vec![package]);
    while let Some(name) = next.pop() {
        if names.insert(name) {
            let of_it = entries.iter().filter(|entry| name_of(entry) == Some(name));
            let needed = of_it.flat_map(|entry| entry.lines()).filter_map(|line| line.strip_prefix(" \""));
            next.extend(needed.filter_map(|line| line.split(['"', ' ']).next()));
        }
    }
    let built = entries.iter().filter(|entry| name_of(entry).is_some_and(|name| names.contains(name)));
    built.copied().collect()
}

fn name_of(entry: &str) -> Option<&str> {
    entry.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

/// The folders of a package and of those that it is built of, from the root.
fn folders(packages: &[Package], package: &str) -> Result<BTreeSet<String>, String> {
    let (mut names, mut next) = (BTreeSet::new(), vec![package.to_owned()]);
    let mut folders = BTreeSet::new();
    while let Some(name) = next.pop() {
        if !names.insert(name.clone()) {
            continue;
        }
        let found = packages.iter().find(|package| package.name == name);
        let found = found.ok_or_else(|| format!("there is no package {name} in the workspace"))?;
        let folder = found.manifest_path.parent().and_then(|folder| folder.strip_prefix(root()).ok());
        let folder = folder.ok_or_else(|| format!("{name} does not lie in the workspace"))?;
        folders.insert(folder.to_string_lossy().into_owned());
        next.extend(found.knows());
    }
    Ok(folders)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn with(changed: &str) -> String {
        with_line(changed, "fn changed() {}")
    }

    /// With another first line, which in a manifest is one of the profile of tests.
    fn with_line(changed: &str, line: &str) -> String {
        let mut files = files().unwrap();
        let file = files.iter_mut().find(|(path, _)| path == changed).unwrap();
        let place = file.1.find("debug = ").filter(|_| changed == "Cargo.toml").unwrap_or(0);
        file.1.insert_str(place, &format!("{line}\n"));
        digest(&packages().unwrap(), "chapter-03", &["tests/fault-lab/src".to_owned()], &files).unwrap()
    }

    #[test]
    fn a_change_of_what_it_is_made_from_is_seen_and_no_other() {
        let same = with("final/orders/src/lib.rs");
        for other in ["chapters/03-outbox/tests/story.rs", "chapters/04-unit-of-work/src/lib.rs", "README.md"]
        {
            assert_eq!(with(other), same, "{other}");
        }
        let own = ["chapters/03-outbox/src/lib.rs", "chapters/03-outbox/Cargo.toml"];
        let below = ["tests/fault-engine/src/run.rs", "tests/local-aws/src/sqs.rs", "Cargo.toml"];
        for made_from in own.into_iter().chain(below).chain(["tests/fault-lab/src/expected.rs"]) {
            assert_ne!(with(made_from), same, "{made_from}");
        }
    }

    #[test]
    fn what_only_says_something_else_is_not_measured_again() {
        let said = |what| with_line("chapters/03-outbox/src/lib.rs", what);
        assert_eq!(said("// a comment"), said("    /// Another one."));
        assert_ne!(said("// a comment"), said("fn another() {} // not alone on its line"));
    }

    #[test]
    fn of_the_profiles_those_of_tests_count() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let counted = profiles_of_tests(&manifest);
        assert!(counted.contains("[profile.dev.package.local-aws]") && !counted.contains("[profile.release"));
        assert_eq!(counted.matches("[profile.dev").count() + 1, manifest.matches("\n[profile.dev").count());
    }

    #[test]
    fn of_the_lock_file_counts_what_it_is_built_of() {
        let entry = |name: &str, needs: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\ndependencies = [\n \"{needs}\",\n]\n\n")
        };
        let lock =
            |last: &str| ["# by cargo\n", &entry("a", "b 2"), &entry("b", "d"), &entry(last, "d")].concat();
        assert_eq!(locked(&lock("c"), "a"), locked(&lock("another"), "a"));
        assert_ne!(locked(&lock("c"), "a"), locked(&lock("d"), "a"));
    }

    #[test]
    fn a_package_that_is_not_there_is_named() {
        let nothing = Measured::of("nothing", &[], "target/tmp/nothing");
        assert!(nothing.note().is_err_and(|why| why.contains("no package nothing")));
    }
}
