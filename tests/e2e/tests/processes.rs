//! The scenarios with six processes: `local-aws`, `customers`, `orders`, `notifications`, and an
//! `outbox-relay tail` for each.

use std::{path::Path, process::ExitCode};

use e2e::{
    hosts::{Aws, Processes, Relays},
    run::run,
};

#[tokio::main]
async fn main() -> ExitCode {
    let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-processes");
    run(Processes::start(logs, Aws::Local, Relays::Tail)).await
}
