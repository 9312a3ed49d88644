//! A crate as its modules, and what each of them refers to.
//!
//! Files are read as tokens: comments, texts and what is compiled for tests only count for nothing. Names are
//! followed through `use`, so that `crate::Thing` counts as the module that defines `Thing`, wherever it is
//! exported again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    module::{Module, ModulePath},
    scan,
};

/// How many names stand for each other in a row at most; more is a circle of `use`.
const DEEPEST: usize = 16;

/// A library, a program or a test binary.
#[derive(Clone, Debug, Default)]
pub struct Crate {
    /// All of its modules.
    pub modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    /// Reads the crate with this root file; `read` gives the text of a file, if there is one.
    ///
    /// # Errors
    ///
    /// Which file is missing, or is no Rust.
    pub fn read(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Result<Self, String> {
        let mut this = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        this.add(Vec::new(), root.to_owned(), folder, read)?;
        Ok(this)
    }

    /// `folder` is where the files of its children are.
    fn add(
        &mut self,
        path: ModulePath,
        file: PathBuf,
        folder: &Path,
        read: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<(), String> {
        let text = read(&file).ok_or_else(|| format!("{} is missing", file.display()))?;
        let scanned = scan::file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        for (inner, mut module) in scanned {
            module.file.clone_from(&file);
            let path: ModulePath = path.iter().chain(&inner).cloned().collect();
            let folder = inner.iter().fold(folder.to_owned(), |folder, name| folder.join(name));
            for child in &module.children {
                let (flat, nested) = (folder.join(format!("{child}.rs")), folder.join(child).join("mod.rs"));
                let there = [flat, nested].into_iter().find(|file| read(file).is_some());
                // Those without a file are written in this one.
                if let Some(file) = there {
                    let of_child: ModulePath = path.iter().cloned().chain([child.clone()]).collect();
                    self.add(of_child, file, &folder.join(child), read)?;
                }
            }
            self.modules.insert(path, module);
        }
        Ok(())
    }

    /// The module in which what a path names is defined; none for other crates.
    pub fn resolve(&self, from: &[String], path: &[String]) -> Option<ModulePath> {
        self.follow(from, path, DEEPEST)
    }

    fn follow(&self, from: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let module = self.modules.get(from)?;
        match first.as_str() {
            "crate" => self.enter(Vec::new(), rest, depth),
            "self" => self.enter(from.to_vec(), rest, depth),
            "super" if rest.first().is_some_and(|next| next == "super") => {
                self.follow(parent(from)?, rest, depth)
            }
            "super" => self.enter(parent(from)?.to_vec(), rest, depth),
            name if module.children.contains(name) => self.enter(from.to_vec(), path, depth),
            name => {
                let alias = module.aliases.get(name).filter(|alias| alias.as_slice() != path)?;
                self.follow(from, &[alias.as_slice(), rest].concat(), depth)
            }
        }
    }

    /// Follows the rest of a path from a module on.
    fn enter(&self, at: ModulePath, rest: &[String], depth: usize) -> Option<ModulePath> {
        let Some((name, behind)) = rest.split_first() else { return Some(at) };
        let module = self.modules.get(&at)?;
        if module.children.contains(name) {
            let child = at.iter().cloned().chain([name.clone()]).collect();
            return self.enter(child, behind, depth);
        }
        if module.items.contains(name) {
            return Some(at);
        }
        if let Some(alias) = module.aliases.get(name) {
            return self.follow(&at, &[alias.as_slice(), behind].concat(), depth.checked_sub(1)?);
        }
        let brought = module.globs.iter().filter_map(|glob| self.follow(&at, glob, depth.checked_sub(1)?));
        let defines = |place: &ModulePath| {
            self.modules.get(place).is_some_and(|module| {
                module.items.contains(name)
                    || module.children.contains(name)
                    || module.aliases.contains_key(name)
            })
        };
        match brought.into_iter().filter(|place| *place != at).find(defines) {
            Some(place) => self.enter(place, rest, depth.checked_sub(1)?),
            None => Some(at),
        }
    }
}

fn parent(path: &[String]) -> Option<&[String]> {
    path.split_last().map(|(_, parent)| parent)
}
