//! The relay as a process: it reads the stream by itself, until SIGTERM.

use clap::{Args, Parser, Subcommand};
use outbox_relay::{
    provision, scheduled,
    tail::{self, TailSettings},
};
use service_kit::Mode;
use transactional_messaging::ambient::Ambient;

use crate::Started;

/// Publishes what lies in an outbox table.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<How>,
}

#[derive(Subcommand)]
enum How {
    /// Serve the Lambda runtime API (the default).
    Lambda,
    /// Read the table's stream in this process until SIGTERM.
    Tail(Tail),
}

#[derive(Args)]
pub(crate) struct Tail {
    /// The outbox table; instead of DYNAMODB_OUTBOX_TABLE_NAME.
    #[arg(long)]
    table: Option<String>,
}

/// What the process is to do; none when it is to be the function.
pub(crate) fn asked() -> Option<Tail> {
    match Arguments::parse().mode {
        Some(How::Tail(tail)) => Some(tail),
        Some(How::Lambda) | None => None,
    }
}

pub(crate) async fn run(asked: Tail) -> anyhow::Result<()> {
    let mut variables: Vec<_> = std::env::vars_os().collect();
    if let Some(table) = asked.table {
        variables.push(("DYNAMODB_OUTBOX_TABLE_NAME".into(), table.into()));
    }
    let Started { settings, aws, telemetry, relay, mover } = Started::with(variables).await?;
    let stop = service_kit::shutdown_token()?;
    let owner = Ambient::system().id();
    provision(&aws, &settings, owner, &stop).await?;
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let streams = aws_sdk_dynamodbstreams::Client::new(&aws);
    let table = &settings.outbox_table;
    tracing::info!(table, "relay_started");
    let tailing = match settings.base.environment {
        Mode::Development => TailSettings::nearby(),
        Mode::Production => TailSettings::default(),
    };
    let moving = mover.map(|mover| tokio::spawn(scheduled::run(mover, tailing.sweep, stop.clone())));
    let tail = tail::run(relay, &dynamodb, streams, table, tailing, owner, stop);
    telemetry.around(tail).await;
    if let Some(moving) = moving {
        moving.await?;
    }
    Ok(())
}
