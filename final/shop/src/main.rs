//! `shop`: the whole system in one process, on the embedded AWS or on the endpoint in `AWS_ENDPOINT_URL`.
//!
//! `cargo run -p shop` opens it on ports 9701 and 9702, and shows it on 9700; `cargo run -p shop -- demo`
//! sends it the sample requests and shows each message's path; `cargo run -p shop -- contracts` writes
//! `final/contracts`.
#![expect(clippy::print_stdout, reason = "this program talks to a person at a terminal")]

mod client;
mod demo;
mod page;
mod path;
mod release;
mod system;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use service_kit::auth::LocalIssuer;
use system::{System, Told};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Customers, orders, their relays and AWS in one process.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port of the live page.
    #[arg(long, default_value_t = 9700)]
    page_port: u16,
    /// Serve no page and watch nothing: for who measures.
    #[arg(long)]
    no_page: bool,
    /// The port of the customers service.
    #[arg(long, default_value_t = 9701)]
    customers_port: u16,
    /// The port of the orders service.
    #[arg(long, default_value_t = 9702)]
    orders_port: u16,
}

impl Arguments {
    fn port(&self, service: &str) -> u16 {
        match service {
            "customers" => self.customers_port,
            "orders" => self.orders_port,
            _ => 0,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Send the sample requests, show each message's path, and end with 0 if every outcome is right.
    Demo {
        /// Of a system that is deployed: where its services answer, by plain HTTP (scripts/over-tls where
        /// they speak HTTPS).
        #[arg(long)]
        url: Option<String>,
        /// Send this token with each request. Without one, the services ask for tokens of an issuer that is
        /// made here, and get one of them.
        #[arg(long, num_args = 0..=1, default_missing_value = "")]
        token: Option<String>,
    },
    /// Write what the services promise to others: OpenAPI and AsyncAPI documents.
    Contracts {
        /// The folder.
        #[arg(long, default_value = shop::contracts::FOLDER)]
        into: PathBuf,
        /// Add one event of each kind, from a run, to the events of this release, such as v2. What is there
        /// stays as it is.
        #[arg(long)]
        release: Option<String>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Demo { url: Some(url), token }) => demo::run_at(&url, token).await,
        Some(Command::Contracts { into, release }) => contracts(&into, release.as_deref()).await,
        Some(Command::Demo { url: None, token }) => {
            let filter = EnvFilter::new(
                "warn,unit_of_work=debug,transactional_messaging=info,service_kit=info,customers=info,orders=info,notifications=info",
            );
            tracing_subscriber::registry().with(filter).with(path::PathLayer).init();
            let (door, token) = signed_in(token)?;
            let system = System::start(|_| 0, false, door).await?;
            let outcome = demo::run(&system, token).await;
            system.stop().await;
            outcome
        }
        None => {
            service_kit::init_logging(service_kit::Mode::Development);
            let stop = service_kit::shutdown_token().context("signals cannot be listened for")?;
            let system =
                System::start(|service| arguments.port(service), !arguments.no_page, Vec::new()).await?;
            let page = match arguments.no_page {
                true => None,
                false => Some(page::serve(&system, arguments.page_port).await?),
            };
            let url = page.as_ref().map_or("none, as you wish", |(_, url)| url.as_str());
            println!("{}", welcome(&system, url));
            stop.cancelled().await;
            // Pages that are open would keep a server from ending in order.
            page.iter().for_each(|(serving, _)| serving.abort());
            system.stop().await;
            Ok(())
        }
    }
}

async fn contracts(into: &Path, release: Option<&str>) -> anyhow::Result<()> {
    shop::contracts::write(into).with_context(|| format!("{} cannot be written", into.display()))?;
    let Some(release) = release else { return Ok(()) };
    let system = System::start(|_| 0, false, Vec::new()).await?;
    let mut written = demo::run(&system, None).await;
    if written.is_ok() {
        written = release::write(&system, &into.join("events").join(release)).await;
    }
    system.stop().await;
    written
}

/// What the services are told about tokens, and a token that they take.
fn signed_in(token: Option<String>) -> anyhow::Result<(Told, Option<String>)> {
    if token.as_deref() != Some("") {
        return Ok((Vec::new(), token));
    }
    let issuer = LocalIssuer::new()?;
    let told = [
        ("AUTH", "jwt"),
        ("JWT_ISSUER", LocalIssuer::ISSUER),
        ("JWT_AUDIENCE", LocalIssuer::AUDIENCE),
        ("JWT_JWKS", issuer.jwks()),
    ];
    let token = issuer.token("customers:read customers:write orders:read orders:write")?;
    Ok((told.map(|(name, value)| (name, value.to_owned())).into(), Some(token)))
}

fn welcome(system: &System, page: &str) -> String {
    let (customers, orders) = (system.url("customers"), system.url("orders"));
    let aws = &system.aws;
    let mails = system.mails_url();
    format!(
        r#"
The shop is open.

  page       {page}   see it, and break it
  customers  {customers}   contracts: {customers}/contracts
  orders     {orders}   contracts: {orders}/contracts
  AWS        {aws}
  mails      {mails}

Try it:

  curl -s {customers}/customers -H 'Content-Type: application/json' -d '{{"name": "Jane Doe", "credit_limit": 24999, "email": "jane@example.com"}}'
  curl -s {orders}/orders -H 'Content-Type: application/json' -d '{{"customer_id": "CUSTOMER_ID", "order_total": 12399}}'
  curl -s {orders}/order/ORDER_ID
  curl -s {customers}/customer/CUSTOMER_ID
  curl -s -X POST {orders}/order/ORDER_ID/cancel

Stop it with ctrl-c.
"#
    )
}
