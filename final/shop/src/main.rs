//! `shop`: the whole system in one process, on the embedded AWS or on the endpoint in `AWS_ENDPOINT_URL`.
//!
//! `cargo run -p shop` opens it on ports 9701 and 9702; `cargo run -p shop -- demo` sends it the sample requests and shows each message's
//! path.
#![expect(clippy::print_stdout, reason = "this program talks to a person at a terminal")]

mod client;
mod demo;
mod path;
mod system;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use system::{Ports, System};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Customers, orders, their relays and AWS in one process.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port of the customers service.
    #[arg(long, default_value_t = 9701)]
    customers_port: u16,
    /// The port of the orders service.
    #[arg(long, default_value_t = 9702)]
    orders_port: u16,
}

#[derive(Subcommand)]
enum Command {
    /// Send the sample requests, show each message's path, and end with 0 if every outcome is right.
    Demo {
        /// Of a system that is deployed: where its services answer, by plain HTTP (scripts/over-tls where they speak HTTPS).
        #[arg(long)]
        url: Option<String>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Demo { url: Some(url) }) => demo::run_at(&url).await,
        Some(Command::Demo { url: None }) => {
            let filter = EnvFilter::new(
                "warn,unit_of_work=debug,transactional_messaging=info,service_kit=info,customers=info,orders=info",
            );
            tracing_subscriber::registry().with(filter).with(path::PathLayer).init();
            let mut system = System::start(Ports { customers: 0, orders: 0 }).await?;
            let outcome = demo::run(&mut system).await;
            system.stop().await;
            outcome
        }
        None => {
            let ports = Ports { customers: arguments.customers_port, orders: arguments.orders_port };
            service_kit::init_logging(service_kit::Mode::Development);
            let stop = service_kit::shutdown_token().context("signals cannot be listened for")?;
            let system = System::start(ports).await?;
            println!("{}", welcome(&system));
            stop.cancelled().await;
            system.stop().await;
            Ok(())
        }
    }
}

fn welcome(system: &System) -> String {
    let (customers, orders) = (&system.customers_url, &system.orders_url);
    let aws = &system.aws;
    format!(
        r#"
The shop is open.

  customers  {customers}   OpenAPI: {customers}/openapi.json
  orders     {orders}   OpenAPI: {orders}/openapi.json
  AWS        {aws}

Try it:

  curl -s {customers}/customers -H 'Content-Type: application/json' -d '{{"name": "Jane Doe", "credit_limit": 24999}}'
  curl -s {orders}/orders -H 'Content-Type: application/json' -d '{{"customer_id": "CUSTOMER_ID", "order_total": 12399}}'
  curl -s {orders}/order/ORDER_ID
  curl -s {customers}/customer/CUSTOMER_ID
  curl -s -X POST {orders}/order/ORDER_ID/cancel

Stop it with ctrl-c.
"#
    )
}
