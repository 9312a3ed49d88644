//! Runs a program on the embedded AWS, breaks its AWS calls one by one, and counts the damage.
pub mod ambient;
mod answers;
mod batch;
mod call;
mod components;
mod connector;
pub mod deploy;
mod fault;
mod history;
mod judge;
mod ledger;
mod probe;
mod program;
mod raw;
mod run;
mod session;
mod stream;
mod workload;
mod world;

pub use ambient::Ambient;
pub use call::{Call, Outcome, Site};
pub use fault::{Fault, Injection, Plan, UnknownFault};
pub use judge::{Finding, Kind};
pub use probe::TOPICS;
pub use program::{BoxError, Function, Program, Role, SetAside, Worker};
pub use run::{Run, RunError, run};
pub use workload::Answer;
