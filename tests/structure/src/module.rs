//! What is known of one module.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// The place of a module in its crate, such as `["relay", "broker"]`; of the root it is empty.
pub type ModulePath = Vec<String>;

/// What is known of one module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its file.
    pub file: PathBuf,
    /// The modules in it.
    pub children: BTreeSet<String>,
    /// What it defines, as far as it has a name.
    pub items: BTreeSet<String>,
    /// Names that stand for something else: `use a::b` and `use a::b as c`.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// What `use a::*` brings in.
    pub globs: Vec<Vec<String>>,
    /// Every path that it names, as it is written.
    pub paths: BTreeSet<Vec<String>>,
}
