//! `notifications`: the notifications service. Where Lambda starts it, it is a function behind its queues;
//! elsewhere a process that receives from them by itself. Its settings come from the environment.
//!
//! `notifications --health`, with the same environment, ends with 0 if the service is up and healthy: the
//! health check of a container. `notifications --wiring` prints which queues it has, as JSON: Terraform reads
//! it. `notifications --send-again MAIL` and `notifications --has-arrived MAIL` do what a person has decided
//! about a mail that the log has told of.

use std::io::{self, Write as _};

use ::service::{Telemetry, TelemetrySettings};
use anyhow::Context as _;
use clap::Parser;
use notifications::{
    domain::MailId,
    lambda,
    sender::Verdict,
    service::{self, Settings},
    wiring::wiring,
};
use service_kit::{Environment, settings::listen_address};
use tokio::net::TcpListener;
use transactional_messaging::ambient::Ambient;
use unit_of_work::DynamoDb;

/// The notifications service. Its settings come from the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Ask the service that runs with the same environment whether it is healthy, and end with 0 if it is.
    #[arg(long)]
    health: bool,
    /// Print the queues it consumes, as JSON.
    #[arg(long)]
    wiring: bool,
    /// Send a mail that was refused, had no address, or is in doubt; also if that is a second time.
    #[arg(long, value_name = "ORDER/DECISION", conflicts_with = "has_arrived")]
    send_again: Option<MailId>,
    /// A mail in doubt was found to have arrived.
    #[arg(long, value_name = "ORDER/DECISION")]
    has_arrived: Option<MailId>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.wiring {
        return Ok(io::stdout().write_all(::service::json(&wiring::<DynamoDb>().description())?.as_bytes())?);
    }
    let mut env = Environment::from_process();
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let (settings, timeout) = (Settings::read(&mut env), lambda::timeout(&mut env));
        let (settings, timeout) = env.finish(|| Ok((settings?, timeout?)))?;
        service_kit::logging::init(settings.base.environment);
        let aws = service_kit::sdk_config(&settings.base).await;
        return lambda::run(&settings, &aws, Ambient::system(), timeout).await;
    }
    let (settings, address) = (Settings::read(&mut env), listen_address(&mut env));
    let told = TelemetrySettings::read(&mut env);
    let (settings, address, told) = env.finish(|| Ok((settings?, address?, told?)))?;
    if arguments.health {
        return service_kit::health::ask(address, "notifications").context("the service is not healthy");
    }
    let mode = settings.base.environment;
    let again = arguments.send_again.map(|mail| (mail, Verdict::SendAgain));
    if let Some((mail, verdict)) = again.or(arguments.has_arrived.map(|mail| (mail, Verdict::HasArrived))) {
        service_kit::logging::init(mode);
        return settle(&settings, mail, verdict).await;
    }
    let telemetry = Telemetry::start("notifications", mode, &told, Ambient::system()).await?;
    let stop = service_kit::shutdown_token()?;
    let aws = service_kit::sdk_config(&settings.base).await;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
    telemetry.around(service::run(&settings, &aws, Ambient::system(), listener, stop)).await
}

async fn settle(settings: &Settings, mail: MailId, verdict: Verdict) -> anyhow::Result<()> {
    let aws = service_kit::sdk_config(&settings.base).await;
    let settled = service::sender(&aws, settings, Ambient::system())?.settle(mail, verdict).await?;
    anyhow::ensure!(
        settled,
        "there is no mail {mail} of which that can be said: see where it stands in the table"
    );
    Ok(io::stdout().write_all(format!("{mail}: done\n").as_bytes())?)
}
