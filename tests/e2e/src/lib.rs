//! The end-to-end tests: scenarios in plain English, over HTTP and real queues, with the system put together
//! in four ways.
//!
//! The scenarios are in `features/`. They know two addresses and an AWS endpoint, and nothing about how the
//! system was started, so that the same text proves it in one process, in six, and on an AWS that nobody here
//! wrote.
//!
//! `cargo test -p e2e --test in_process -- "is approved"` runs the scenarios with these words in their names.
//!
//! | module | what lives there |
//! |---|---|
//! | [`contract`] | the eight events: their topics and fields |
//! | [`event`] | an event as it was seen on its topic |
//! | [`system`] | the running system, as a scenario reaches it |
//! | `story` | what one scenario remembers between its steps |
//! | `steps` | what the sentences of the scenarios do |
//! | [`hosts`] | the ways to start the system |
//! | [`kill`] | the system as six processes under load, one of which is killed every second; `cargo run -p e2e` |
//! | `run` | runs the scenarios and prints the closing line |

pub mod answer;
pub mod broker;
pub mod collector;
pub mod contract;
pub mod event;
pub mod eventually;
pub mod hosts;
pub mod kill;
#[cfg(feature = "scenarios")]
pub mod run;
#[cfg(feature = "scenarios")]
pub mod steps;
#[cfg(feature = "scenarios")]
pub mod story;
pub mod system;
