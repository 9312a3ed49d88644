//! `outbox-relay`: a Lambda function when Lambda starts it, and with `tail` a process that reads the stream
//! by itself:
//!
//! ```text
//! ENVIRONMENT=development AWS_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:4566 \
//!     cargo run -p outbox-relay -- tail --table orders-outbox
//! ```
//!
//! What `scripts/build-lambda` makes is the function alone: a smaller program is there sooner.

#[cfg(feature = "tail")]
mod process;

use std::ffi::OsString;

use aws_types::SdkConfig;
use outbox_relay::{RelaySettings, lambda, mover, relay};
use service::{Telemetry, TelemetrySettings};
use service_kit::Environment;
use transactional_messaging::{ambient::Ambient, relay::Relay, scheduled::Mover};

// Its work is to wait for AWS: one thread does that with a third less processor time than several (`cargo run
// -p bench -- relay`).
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    #[cfg(feature = "tail")]
    if let Some(asked) = process::asked() {
        return process::run(asked).await;
    }
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        eprintln!(
            "outbox-relay: this is not Lambda; to read the stream in this process, type: outbox-relay tail --table TABLE"
        );
        std::process::exit(2);
    }
    let Started { telemetry, relay, mover, .. } = Started::with(std::env::vars_os().collect()).await?;
    let flush = async || telemetry.flush().await;
    let served = lambda::run_and(relay, mover, Ambient::system(), flush).await;
    served.map_err(|error| anyhow::anyhow!(error))
}

/// What the function begins with, and the process.
struct Started {
    #[cfg_attr(not(feature = "tail"), expect(dead_code, reason = "the process asks for more"))]
    settings: RelaySettings,
    #[cfg_attr(not(feature = "tail"), expect(dead_code, reason = "the process asks for more"))]
    aws: SdkConfig,
    telemetry: Telemetry,
    relay: Relay,
    mover: Option<Mover>,
}

impl Started {
    async fn with(variables: Vec<(OsString, OsString)>) -> anyhow::Result<Self> {
        let environment = || variables.iter().cloned().collect::<Environment>();
        let told = environment().read(TelemetrySettings::read)?;
        let settings = RelaySettings::read(environment())?;
        let (name, running) = ("outbox-relay", settings.base.environment);
        let telemetry = Telemetry::start(name, running, &told, Ambient::system()).await?;
        let aws = service_kit::sdk_config(&settings.base).await;
        let relay = relay(&aws, &settings, Ambient::system());
        let mover = mover(&aws, &settings, Ambient::system());
        Ok(Self { settings, aws, telemetry, relay, mover })
    }
}
