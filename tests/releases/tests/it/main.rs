//! Today's programs go on from what earlier releases left behind, and earlier releases can read what is
//! written today.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod goes_on;
mod reads;
mod today;
