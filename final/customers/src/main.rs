//! `customers`: the customers service as a process of its own. Its settings come from the environment.
//!
//! `customers --health`, with the same environment, ends with 0 if the service is up and healthy: the health
//! check of a container. `customers --wiring` prints which topics and queues it has, as JSON: Terraform reads
//! it.

use std::io::{self, Write as _};

use ::service::{Telemetry, TelemetrySettings};
use anyhow::Context as _;
use clap::Parser;
use customers::{service, wiring::wiring};
use service_kit::{Environment, settings::listen_address};
use tokio::net::TcpListener;
use transactional_messaging::ambient::Ambient;
use unit_of_work::DynamoDb;

/// The customers service. Its settings come from the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Ask the service that runs with the same environment whether it is healthy, and end with 0 if it is.
    #[arg(long)]
    health: bool,
    /// Print the topics it publishes to and the queues it consumes, as JSON.
    #[arg(long)]
    wiring: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.wiring {
        return Ok(io::stdout().write_all(::service::json(&wiring::<DynamoDb>().description())?.as_bytes())?);
    }
    let mut env = Environment::from_process();
    let (settings, address) = (service::settings(&mut env), listen_address(&mut env));
    let told = TelemetrySettings::read(&mut env);
    let (settings, address, told) = env.finish(|| Ok((settings?, address?, told?)))?;
    if arguments.health {
        return service_kit::health::ask(address, "customers").context("the service is not healthy");
    }
    let mode = settings.base.environment;
    let telemetry = Telemetry::start("customers", mode, &told, Ambient::system()).await?;
    let stop = service_kit::shutdown_token()?;
    let aws = service_kit::sdk_config(&settings.base).await;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
    telemetry.around(service::run(&settings, &aws, Ambient::system(), listener, stop)).await
}
