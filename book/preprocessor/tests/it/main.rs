//! Each directive, and each mistake that must stop the build, on small repositories made for it.
#![allow(clippy::unwrap_used)]

mod commands;
mod coverage;
mod directives;
mod mistakes;
mod pictures;
mod program;
mod runs;
mod sources;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use book_preprocessor::{Error, Page, Repository};

/// No two fixtures share a folder, whatever the tests call them: they run side by side.
static FIXTURES: AtomicUsize = AtomicUsize::new(0);

/// A repository of its own for each test, whose name its thread has: tests may run in processes of their own,
/// at the same time.
pub(crate) struct Fixture {
    root: PathBuf,
}

impl Fixture {
    pub(crate) fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let number = FIXTURES.fetch_add(1, Ordering::Relaxed);
        let whose = std::thread::current().name().unwrap_or("main").replace("::", "-");
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{whose}_{number}_{test}"));
        let _ = fs::remove_dir_all(&root);
        let fixture = Self { root };
        for (path, text) in files {
            fixture.write(path, text);
        }
        fixture
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::new(&self.root)
    }

    /// A page rendered.
    pub(crate) fn page(&self, text: &str) -> String {
        Page { path: "page.md", text }.render(&self.repository()).unwrap()
    }

    /// The only mistake of a page.
    pub(crate) fn mistake(&self, text: &str) -> Error {
        let mut mistakes = Page { path: "page.md", text }.render(&self.repository()).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes.remove(0).error
    }
}
