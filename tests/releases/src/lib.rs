//! Fleets of two releases: what the programs of one have written, those of the other must go on from.
//!
//! A release that was deployed is kept in `kept/`, below its name: what its programs had stored and sent when
//! they were ended in the middle of their work ([`Kept`]), and what they require of what they read
//! ([`Reader`]). The tests let today's programs go on from the one, and hold what they write to the other.
//! Neither needs the old programs, which take ten minutes to build.
//!
//! Where these are there, `releases mixed` runs both releases side by side, part by part, and says what comes
//! of it; `scripts/keep-release` builds them, runs that, and keeps the release.

pub mod fleet;
pub mod item;
pub mod kept;
pub mod reader;
pub mod story;
pub mod world;

pub use kept::Kept;
pub use reader::Reader;
