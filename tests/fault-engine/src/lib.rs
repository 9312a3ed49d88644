//! Runs a program on the embedded AWS, breaks its AWS calls one by one, and counts the damage.
//!
//! A run takes milliseconds and is the same each time: no socket, a paused clock, counted ids, latencies that
//! follow from a seed. Below the real SDK stands a connector of ours, so that the program needs no hook;
//! every call has an index and can be broken in every way that AWS and networks know. What was damaged is
//! judged from what DynamoDB has stored and what a queue of the laboratory's own received, never from the
//! program's own word.
//!
//! [`run()`] makes one run, [`survey()`] breaks a program at every point, [`Story`] tells what came of some
//! of them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
mod components;
pub mod deploy;
mod facts;
mod history;
mod judge;
mod ledger;
mod outcome;
mod probe;
mod program;
mod run;
mod serve;
mod story;
mod survey;
mod workload;
mod world;

pub use aws_fault_lab::parts::{PASSING, Refusal, listen_to_everything};
pub use aws_fault_lab::{
    Ambient, BoxError, Call, EVERY_INVOCATION, Effort, Fault, Injection, Outcome, Plan, Row, RunError,
    Sabotage, Site, SurveyError, UnknownFault,
};
pub use deploy::TOPICS;
pub use judge::{Finding, Kind};
pub use ledger::Answer;
pub use program::{Function, Handle, Program, Role, Start, Worker};
pub use run::{Run, run, run_sabotaged};
pub use story::{At, Episode, Story, StoryError};
pub use survey::{Cell, Survey, baseline, execute, points, random, survey, survey_and_show, survey_of};
