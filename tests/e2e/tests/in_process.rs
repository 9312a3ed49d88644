//! The scenarios with everything in one process, the relays as the Lambda function behind the simulated event
//! source mapping.

use std::{path::Path, process::ExitCode};

use e2e::{hosts::InProcess, run::run};

#[tokio::main]
async fn main() -> ExitCode {
    run(InProcess::start(Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-in-process"))).await
}
