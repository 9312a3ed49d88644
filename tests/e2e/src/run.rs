//! Runs all scenarios against a system and prints the closing line.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use cucumber::{World as _, writer::Stats as _};

use crate::{hosts::Host, story::Story, system::System};

/// How many scenarios are on their way at once. More would only wait for each other on two cores.
const CONCURRENT: usize = 16;

/// Starts the system, runs the scenarios whose name contains the first argument (all, if there is none),
/// stops the system, and says how many passed. It fails when anything did, or when no scenario was run
/// although none was left out.
pub async fn run<H: Host>(start: impl Future<Output = anyhow::Result<H>>) -> ExitCode {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let (passed, failed) = match scenarios(start, wanted.clone()).await {
        Ok(counts) => counts,
        Err(error) => {
            println!("failed: {error:#}");
            (0, 1)
        }
    };
    println!("\n{passed} passed, {failed} failed");
    let ran_none = passed + failed == 0 && wanted.is_none();
    if failed > 0 || ran_none { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn scenarios<H: Host>(
    start: impl Future<Output = anyhow::Result<H>>,
    wanted: Option<String>,
) -> anyhow::Result<(usize, usize)> {
    let mut host = start.await?;
    let wants_all = wanted.is_none();
    let system = System::attach(host.addresses()).await?.install();
    // Only the project's own AWS shows what was sent.
    let shows_mails = system.mails().await?.is_some();
    let summary = Story::cucumber()
        .with_default_cli()
        .max_concurrent_scenarios(CONCURRENT)
        .fail_on_skipped()
        .filter_run(concat!(env!("CARGO_MANIFEST_DIR"), "/features"), move |feature, _, scenario| {
            (shows_mails || !feature.tags.iter().any(|tag| tag == "mails"))
                && wanted.as_ref().is_none_or(|part| scenario.name.contains(part.as_str()))
        })
        .await;
    let scenarios = *summary.scenarios_stats();
    let mut failed = scenarios.failed + scenarios.skipped + summary.parsing_errors() + summary.hook_errors();
    let logs = host.logs().to_owned();
    if wants_all && failed == 0 && scenarios.passed > 0 {
        host.all_passed();
    }
    for (what, outcome) in [("the end", system.check_at_rest().await), ("stopping", host.stop().await)] {
        if let Err(error) = outcome {
            println!("failed at {what}: {error:#}");
            failed += 1;
        }
    }
    if failed > 0 {
        println!("the logs are in {}", logs.display());
    }
    Ok((scenarios.passed, failed))
}
