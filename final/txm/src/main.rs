//! `txm`: the operator's tool. `txm --help` says what it can do; everything else is in the library beside it.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use txm::cli::Cli;

// It waits for AWS most of the time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_json = cli.common.json;
    let answered = Box::pin(txm::run(cli)).await;
    // Whoever reads it may have heard enough, as `head` has.
    let print = |text: &str| drop(writeln!(std::io::stdout(), "{text}"));
    match answered {
        Ok(answer) => {
            print(&if is_json { format!("{:#}", answer.value) } else { answer.text });
            ExitCode::from(u8::from(answer.is_wrong))
        }
        Err(failure) => {
            eprintln!("txm: {failure}");
            ExitCode::from(failure.code())
        }
    }
}
