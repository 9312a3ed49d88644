//! The scenarios with ministack as AWS, and the relay program deployed there as a Lambda function.

use std::{path::Path, process::ExitCode};

use e2e::{
    hosts::{Aws, Processes, Relays},
    run::run,
};

#[tokio::main]
async fn main() -> ExitCode {
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let aws = Aws::Ministack(logs.join(".."));
    run(Processes::start(logs.join("e2e-ministack-lambda"), aws, Relays::Lambda)).await
}
