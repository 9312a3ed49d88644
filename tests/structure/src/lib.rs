//! Rules of how the house is built, each a function from what is read of it to complaints.
//!
//! | module | rule |
//! |---|---|
//! | [`circles`] | modules of a crate, and crates, know each other in one direction |
//! | [`arrows`] | a crate knows those that ARCHITECTURE.md lists for it |
//! | [`domains`] | a domain knows rules, and no AWS, no messages, no HTTP |
//! | [`names`] | services are listed where they are registered, and nowhere else |
//! | [`files`] | each file says what it is, and none is borrowed by `#[path]` |
//!
//! [`measured`] says of measurements whether their sources have changed.
//!
//! [`source`] reads a crate as modules with what they refer to, [`workspace`] reads the packages as cargo
//! sees them.

pub mod arrows;
pub mod circles;
pub mod domains;
pub mod files;
pub mod measured;
pub mod module;
pub mod names;
mod scan;
pub mod source;
pub mod workspace;
