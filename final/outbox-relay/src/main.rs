//! `outbox-relay`: a Lambda function when Lambda starts it, and with `tail` a process that reads the stream
//! by itself:
//!
//! ```text
//! ENVIRONMENT=development AWS_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:4566 \
//!     cargo run -p outbox-relay -- tail --table orders-outbox
//! ```

use clap::{Parser, Subcommand};
use outbox_relay::{
    RelaySettings, lambda, mover, relay, scheduled,
    tail::{self, TailSettings},
};
use service::{Telemetry, TelemetrySettings};
use service_kit::Environment;
use transactional_messaging::ambient::Ambient;

/// Publishes what lies in an outbox table.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Subcommand)]
enum Mode {
    /// Serve the Lambda runtime API (the default).
    Lambda,
    /// Read the table's stream in this process until SIGTERM.
    Tail {
        /// The outbox table; instead of DYNAMODB_OUTBOX_TABLE_NAME.
        #[arg(long)]
        table: Option<String>,
    },
}

// Its work is to wait for AWS: one thread does that with a third less processor time than several (`cargo run
// -p bench -- relay`).
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mode = Arguments::parse().mode.unwrap_or(Mode::Lambda);
    if matches!(mode, Mode::Lambda) && std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        eprintln!(
            "outbox-relay: this is not Lambda; to read the stream in this process, type: outbox-relay tail --table TABLE"
        );
        std::process::exit(2);
    }
    let mut variables: Vec<_> = std::env::vars_os().collect();
    if let Mode::Tail { table: Some(table) } = &mode {
        variables.push(("DYNAMODB_OUTBOX_TABLE_NAME".into(), table.into()));
    }
    let environment = || variables.iter().cloned().collect::<Environment>();
    let told = environment().read(TelemetrySettings::read)?;
    let settings = RelaySettings::read(environment())?;
    let (name, running) = ("outbox-relay", settings.base.environment);
    let telemetry = Telemetry::start(name, running, &told, Ambient::system()).await?;
    let aws = service_kit::sdk_config(&settings.base).await;
    let relay = relay(&aws, &settings, Ambient::system());
    let mover = mover(&aws, &settings, Ambient::system());
    match mode {
        Mode::Lambda => {
            let flush = async || telemetry.flush().await;
            lambda::run_and(relay, mover, Ambient::system(), flush)
                .await
                .map_err(|error| anyhow::anyhow!(error))
        }
        Mode::Tail { .. } => {
            let stop = service_kit::shutdown_token()?;
            let owner = Ambient::system().id();
            outbox_relay::provision(&aws, &settings, owner, &stop).await?;
            let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
            let streams = aws_sdk_dynamodbstreams::Client::new(&aws);
            tracing::info!(table = settings.outbox_table, "relay_started");
            let tailing = match settings.base.environment {
                service_kit::Mode::Development => TailSettings::nearby(),
                service_kit::Mode::Production => TailSettings::default(),
            };
            let moving = mover.map(|mover| tokio::spawn(scheduled::run(mover, tailing.sweep, stop.clone())));
            let table = &settings.outbox_table;
            let tail = tail::run(relay, &dynamodb, streams, table, tailing, owner, stop);
            telemetry.around(tail).await;
            if let Some(moving) = moving {
                moving.await?;
            }
            Ok(())
        }
    }
}
