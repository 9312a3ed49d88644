//! `releases`: runs the programs of an earlier release beside those of today, and keeps what a release has
//! written. `scripts/keep-release` builds the earlier ones and calls it.
#![allow(clippy::print_stdout, reason = "it is there to say what came of it")]

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use releases::{
    fleet::{Fleet, Release},
    kept::{self, About, Kept},
    story,
};
use shop::SERVICES;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Runs programs of an earlier release.
#[derive(Parser)]
struct Arguments {
    /// The folder with the earlier release's programs: customers, orders and outbox-relay.
    #[arg(long)]
    programs: PathBuf,
    /// Where logs go.
    #[arg(long, default_value = "target/releases")]
    logs: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ends the earlier programs in the middle of their work and keeps what they leave behind.
    Keep {
        /// The name of the release, such as v2.
        name: String,
        /// The commit that the programs were built from.
        commit: String,
    },
    /// Runs every mixture of both releases, and each after the other.
    Mixed,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match &arguments.what {
        What::Keep { name, commit } => {
            keep(&arguments, name, commit).await?;
            Ok(ExitCode::SUCCESS)
        }
        What::Mixed => mixed(&arguments).await,
    }
}

async fn keep(arguments: &Arguments, name: &str, commit: &str) -> anyhow::Result<()> {
    let mut fleet = Fleet::new(&arguments.logs.join("keep")).await?;
    fleet.start(&arguments.programs, |_| Release::Earlier).await?;
    fleet.world.listen().await?;
    let begun = story::finished(&fleet).await?;
    story::in_between(&mut fleet, begun).await?;
    #[expect(clippy::disallowed_methods, reason = "the time at which real programs were ended")]
    let at = OffsetDateTime::now_utc().format(&Rfc3339)?;
    let about = About { commit: commit.to_owned(), at };
    let folder = kept::folder().join(name);
    Kept::take(name, about, &fleet.world).await?.write(&folder)?;
    println!("{} is written; write its reads.json beside it", folder.display());
    Ok(())
}

/// What each fleet is made of, and what came of it: one line each.
async fn mixed(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut failed = 0;
    let publishing = SERVICES.iter().filter(|service| service.publishes());
    let parts: Vec<_> = publishing.map(|service| service.name).chain(["relays"]).collect();
    let every = 1_usize << parts.len();
    // But for the two in which all are of one release.
    for mixture in 1..every - 1 {
        let of = |part: &str| {
            let number = parts.iter().position(|name| *name == part).unwrap_or_default();
            if (mixture >> number) & 1 == 1 { Release::Earlier } else { Release::Today }
        };
        let told = parts.iter().map(|part| format!("{part} {:?}", of(part)).to_lowercase());
        let name = told.collect::<Vec<_>>().join(", ");
        failed += tell(&name, side_by_side(arguments, &name.replace([',', ' '], "-"), of).await);
    }
    for (name, first, then) in [
        ("earlier, then today", Release::Earlier, Release::Today),
        ("today, then earlier", Release::Today, Release::Earlier),
    ] {
        failed += tell(name, one_after_the_other(arguments, name, first, then).await);
    }
    println!("{} passed, {failed} failed", every - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(name: &str, ended: anyhow::Result<()>) -> usize {
    match ended {
        Ok(()) => {
            println!("{name}: at rest");
            0
        }
        Err(error) => {
            println!("{name}: {error:#}");
            1
        }
    }
}

async fn side_by_side(arguments: &Arguments, logs: &str, of: impl Fn(&str) -> Release) -> anyhow::Result<()> {
    let mut fleet = Fleet::new(&arguments.logs.join(logs)).await?;
    fleet.start(&arguments.programs, of).await?;
    story::finished(&fleet).await?;
    fleet.stop().await
}

async fn one_after_the_other(
    arguments: &Arguments,
    logs: &str,
    first: Release,
    then: Release,
) -> anyhow::Result<()> {
    let mut fleet = Fleet::new(&arguments.logs.join(logs.replace([',', ' '], "-"))).await?;
    fleet.start(&arguments.programs, |_| first).await?;
    let begun = story::finished(&fleet).await?;
    story::in_between(&mut fleet, begun).await?;
    fleet.start(&arguments.programs, |_| then).await?;
    story::at_rest(&fleet).await?;
    story::finished(&fleet).await?;
    fleet.stop().await
}
