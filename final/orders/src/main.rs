//! `orders`: the orders service as a process of its own. Its settings come from the environment.
//!
//! `orders --health`, with the same environment, ends with 0 if the service is up and healthy: the health
//! check of a container. `orders --adopt-pending`, once, finds orders that an older version left pending
//! without a time; with `--yes` it gives them one. `orders --wiring` prints which topics and queues it has,
//! as JSON: Terraform reads it.

use std::io::{self, Write as _};

use ::service::{Telemetry, TelemetrySettings};
use anyhow::Context as _;
use aws_types::SdkConfig;
use clap::Parser;
use orders::{service, settings::Settings, use_cases::Adopted, wiring::wiring};
use service_kit::{Environment, settings::listen_address};
use tokio::net::TcpListener;
use transactional_messaging::ambient::Ambient;
use unit_of_work::DynamoDb;

/// The orders service. Its settings come from the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Ask the service that runs with the same environment whether it is healthy, and end with 0 if it is.
    #[arg(long)]
    health: bool,
    /// Look for orders that have been pending since before orders had a time, and end. They are given one
    /// with `--yes`.
    #[arg(long)]
    adopt_pending: bool,
    /// Write what `--adopt-pending` would.
    #[arg(long, requires = "adopt_pending")]
    yes: bool,
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
    let (settings, address) = (Settings::read(&mut env), listen_address(&mut env));
    let told = TelemetrySettings::read(&mut env);
    let (settings, address, told) = env.finish(|| Ok((settings?, address?, told?)))?;
    if arguments.health {
        return service_kit::health::ask(address, "orders").context("the service is not healthy");
    }
    let (mode, aws) =
        (settings.service.base.environment, service_kit::sdk_config(&settings.service.base).await);
    if arguments.adopt_pending {
        service_kit::logging::init(mode);
        return adopt_pending(&settings, &aws, arguments.yes).await;
    }
    let telemetry = Telemetry::start("orders", mode, &told, Ambient::system()).await?;
    let stop = service_kit::shutdown_token()?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
    telemetry.around(service::run(&settings, &aws, Ambient::system(), listener, stop)).await
}

/// It calls `Scan`, which the service's own role need not be allowed.
async fn adopt_pending(settings: &Settings, aws: &SdkConfig, write: bool) -> anyhow::Result<()> {
    let orders = service::use_cases(::service::database(aws), &settings.service, Ambient::system())
        .context("INBOX_RETENTION_DAYS is too small")?
        .with_timeout(settings.order_timeout);
    let Adopted { found, adopted, damaged } = orders.adopt_pending(write).await?;
    let time = settings.order_timeout.as_secs();
    let next = match (write, found) {
        (false, 1..) => format!("; with --yes each gets {time} seconds from then on"),
        _ => String::new(),
    };
    let told = format!(
        "{found} pending orders without a time, {adopted} of them have one now, {damaged} are damaged{next}\n"
    );
    Ok(io::stdout().write_all(told.as_bytes())?)
}
