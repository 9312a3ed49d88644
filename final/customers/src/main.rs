//! `customers`: the customers service as a process of its own. Its settings come from the environment.
//!
//! `customers --health`, with the same environment, ends with 0 if the service is up and healthy: the health check of a container.

use anyhow::Context as _;
use clap::Parser;
use customers::service;
use service_kit::{Environment, ServiceSettings};
use tokio::net::TcpListener;
use transactional_messaging::ambient::Ambient;

/// The customers service. Its settings come from the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Ask the service that runs with the same environment whether it is healthy, and end with 0 if it is.
    #[arg(long)]
    health: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let settings = ServiceSettings::read(Environment::from_process(), service::TABLE_VARIABLE)?;
    if arguments.health {
        return service_kit::health::ask(settings.listen, "customers").context("the service is not healthy");
    }
    service_kit::logging::init(settings.base.environment);
    let stop = service_kit::shutdown_token()?;
    let aws = service_kit::sdk_config(&settings.base).await;
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("{} cannot be listened on", settings.listen))?;
    service::run(&settings, &aws, Ambient::system(), listener, stop).await
}
