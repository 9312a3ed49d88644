//! One piece of damage.

use std::fmt;

/// One piece of damage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding<K> {
    /// Which invariant is broken.
    pub kind: K,
    /// What was found, in plain words.
    pub what: String,
}

impl<K: fmt::Display> fmt::Display for Finding<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10}  {}", self.kind, self.what)
    }
}
