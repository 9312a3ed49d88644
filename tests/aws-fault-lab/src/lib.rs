//! Your own code in a laboratory: every AWS call that it makes is broken in every way, and you are told what
//! that damages.
//!
//! A run takes milliseconds and is the same each time: an embedded AWS in memory ([`local_aws`]), a paused
//! clock, latencies and jitter that follow from a seed. Below the real AWS SDK stands a connector of the
//! laboratory's own, so a program needs no hook: it takes an [`SdkConfig`] and nothing else. Every call has a
//! number, and [`Fault`] lists what can happen to it: the request is lost, or the answer; the program crashes
//! before the call or after it; AWS refuses, is out of reach, answers late; messages come twice, consumers
//! run twice.
//!
//! You bring three things:
//!
//! - a **program**: an asynchronous function that takes an [`SdkConfig`], or a [`Program`] of several;
//! - a **workload**, which is given a [`Lab`]: it makes tables and queues, sends what others would send, and
//!   asks;
//! - a **judge**, which looks at the end state through SDK clients, and returns the damage in plain words.
//!
//! [`survey()`] does the rest from a test. [`Laboratory`] is the same with more to set; [`parts`] is for
//! those whose domain needs a laboratory of its own.
//!
//! # What it cannot do
//!
//! - What spends real time is not seen: sockets, threads and blocking calls are outside of the paused clock.
//!   A loop without any `await` hangs.
//! - Time and ids that the program takes from the machine are not repeatable. Take them from [`Ambient`]
//!   ([`Program::component`]).
//! - A crash drops a component's future; tasks that it has spawned must be owned by it (see [`Program`]).
//! - The embedded AWS differs from AWS where [`local_aws`] says so: permissions and signatures, for example,
//!   are never checked.
//! - Only the services that it has: DynamoDB, Streams, SNS, SQS and S3 (addressed by path).
#![cfg_attr(test, allow(clippy::unwrap_used))]

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod ambient;
mod call;
mod components;
mod connector;
mod diagram;
mod error;
mod experiment;
mod fault;
mod finding;
mod half_visible;
mod lab;
mod laboratory;
mod lane;
mod lesson;
mod matrix;
mod plan;
mod points;
mod poison;
mod program;
mod raw;
mod refusal;
mod run;
mod s3;
mod session;
mod simulate;
mod spell;
mod stream;
mod surroundings;
mod survey;
mod trace;
mod writes;

pub use ambient::Ambient;
pub use aws_types::SdkConfig;
pub use call::{Call, Outcome};
pub use connector::Sabotage;
pub use error::BoxError;
pub use fault::{Fault, UnknownFault};
pub use finding::Finding;
pub use lab::{Lab, LabError};
pub use laboratory::{Laboratory, Limits};
pub use lane::Lane;
pub use lesson::VARIABLE;
pub use matrix::matrix;
pub use plan::{EVERY_INVOCATION, Injection, Plan, Site, UnknownPlan};
pub use program::{IntoProgram, Program, Role};
pub use run::Run;
pub use simulate::RunError;
pub use survey::{Cell, Effort, Row, Survey, SurveyError};

/// What a laboratory is made of, for one with a domain of its own: an [`Experiment`](parts::Experiment) is
/// run, surveyed and drawn like any other.
pub mod parts {
    pub use crate::experiment::{Experiment, Outline};
    pub use crate::points::{points, random};
    pub use crate::program::{Ended, Function, Handle, Start, Worker};
    pub use crate::raw::{Raw, listen_to_everything};
    pub use crate::refusal::{PASSING, Refusal};
    pub use crate::session::{Restarting, Session};
    pub use crate::simulate::{run, simulate};
    pub use crate::surroundings::Surroundings;
    pub use crate::survey::{Look, baseline, execute, survey_and_show, survey_of};
}

/// Breaks a program in every way and panics with a lesson if that does damage: which call, which fault, the
/// trace with the place marked, and how to have only this run again. For a test:
///
/// ```no_run
/// # use aws_fault_lab::{BoxError, Lab, SdkConfig};
/// # async fn program(_: SdkConfig) -> Result<(), BoxError> { Ok(()) }
/// # async fn workload(_: Lab) -> Result<(), BoxError> { Ok(()) }
/// # async fn judge(_: SdkConfig) -> Result<Vec<String>, BoxError> { Ok(Vec::new()) }
/// #[test]
/// fn survives() {
///     aws_fault_lab::survey(program, workload, judge);
/// }
/// ```
///
/// # Panics
///
/// If there is damage, or no judgement.
#[track_caller]
pub fn survey<W, J, E>(
    program: impl IntoProgram,
    workload: impl Fn(Lab) -> W + Send + Sync + 'static,
    judge: impl Fn(SdkConfig) -> J + Send + Sync + 'static,
) where
    W: Future<Output = Result<(), E>> + 'static,
    J: Future<Output = Result<Vec<String>, E>> + 'static,
    E: Into<BoxError>,
{
    Laboratory::new(program, workload).invariant("damage", judge).check();
}
