//! The cause behind an error.

/// Kept as a trait object, so that no type of an SDK shows in the interface of this crate.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync + 'static>;
