//! Runs a program on the embedded AWS, breaks its AWS calls one by one, and counts the damage.
//!
//! A run takes milliseconds and is the same each time: no socket, a paused clock, counted ids, latencies that follow
//! from a seed. Below the real SDK stands a connector of ours, so that the program needs no hook; every call has an
//! index and can be broken in every way that AWS and networks know. What was damaged is judged from what DynamoDB has
//! stored and what a queue of the laboratory's own received, never from the program's own word.
//!
//! [`run()`] makes one run, [`survey()`] breaks a program at every point, [`Story`] tells what came of some of them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ambient;
mod answers;
mod batch;
mod batch_items;
mod call;
pub mod cli;
mod components;
mod connector;
pub mod deploy;
mod facts;
mod fault;
mod half_visible;
mod history;
mod judge;
mod ledger;
mod mermaid;
mod points;
mod probe;
mod program;
mod raw;
mod report;
mod run;
mod serve;
mod session;
mod story;
mod stream;
mod survey;
mod workload;
mod world;

pub use ambient::Ambient;
pub use batch::{PASSING, Refusal, publish_partly};
pub use batch_items::without_first_entry;
pub use call::{Call, Outcome, Site};
pub use connector::Sabotage;
pub use deploy::TOPICS;
pub use fault::{Fault, Injection, Plan, UnknownFault};
pub use judge::{Finding, Kind};
pub use points::{points, random};
pub use program::{BoxError, Function, Handle, Program, Role, Start, Worker};
pub use raw::listen_to_everything;
pub use run::{Run, RunError, run, run_sabotaged};
pub use story::{At, Episode, Story, StoryError};
pub use stream::EVERY_INVOCATION;
pub use survey::{Cell, Effort, Row, Survey, SurveyError, baseline, execute, survey, survey_of};
pub use workload::Answer;
