//! The embedded AWS as a program of its own, for clients in other processes: the AWS CLI, or a service under
//! a debugger.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use local_aws::{LocalAws, REGION};
use tracing_subscriber::EnvFilter;

/// DynamoDB, DynamoDB Streams, SQS, SNS, S3 and sending with SES on one port.
#[derive(Parser)]
#[command(name = "local-aws", version)]
struct Arguments {
    /// The port; 0 is any free one.
    #[arg(long, default_value_t = 4566, env = "LOCAL_AWS_PORT")]
    port: u16,

    /// The address to listen on. Whoever can reach it may do everything; other than loopback is for a
    /// container, which has a network of its own.
    #[arg(long, default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Only see whether the program listens on its port already: the health check of a container.
    #[arg(long)]
    health: bool,

    /// A file that keeps tables and streams over a restart; files beside it keep queues with their messages,
    /// topics and buckets.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    if arguments.health {
        TcpStream::connect((Ipv4Addr::LOCALHOST, arguments.port)).context("nobody listens")?;
        return Ok(());
    }
    let addr = (arguments.host, arguments.port).into();
    let data = arguments.data.as_deref();
    let aws = match (data, arguments.host.is_loopback()) {
        (_, false) => LocalAws::bind_for_all(addr, data).await?,
        (Some(file), true) => LocalAws::bind_with_data(addr, file).await?,
        (None, true) => LocalAws::bind(addr).await?,
    };
    // The first version of the AWS CLI reads another name for the region than the SDKs.
    writeln!(
        std::io::stdout(),
        "export AWS_ENDPOINT_URL={} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION} AWS_ACCESS_KEY_ID=test \
         AWS_SECRET_ACCESS_KEY=test",
        aws.endpoint_url()
    )
    .context("could not print the endpoint")?;
    stopped().await.context("could not wait for a signal")
}

/// Returns on ctrl-c, and on SIGTERM where there is one.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
