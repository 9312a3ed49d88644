//! Every part as a process of its own.

use std::path::{Path, PathBuf};

use aws_types::SdkConfig;

use super::{Host, Process, binaries, lambda, ministack, ports::free_port, settings};
use crate::system::Addresses;

/// Which AWS the processes use.
#[derive(Clone, Debug)]
pub enum Aws {
    /// The program `local-aws`.
    Local,
    /// ministack, as `scripts/install-ministack` installs it below this target folder.
    Ministack(PathBuf),
}

/// How the relays run.
#[derive(Clone, Copy, Debug)]
pub enum Relays {
    /// As processes that tail the streams.
    Tail,
    /// As Lambda functions behind event source mappings.
    Lambda,
}

/// Environment variables.
pub type Variables = Vec<(String, String)>;

/// The system as processes.
#[derive(Debug)]
pub struct Processes {
    /// The customers service.
    pub customers: Process,
    /// The orders service.
    pub orders: Process,
    /// The notifications service.
    pub notifications: Process,
    /// The relays that are processes, that of the customers service first.
    pub relays: Vec<Process>,
    addresses: Addresses,
    logs: PathBuf,
    // The last to end: fields are dropped in their order.
    aws: Process,
}

impl Processes {
    /// Starts everything; logs go to files in this folder.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn start(logs: impl AsRef<Path>, aws: Aws, relays: Relays) -> anyhow::Result<Self> {
        Self::start_told(logs, aws, relays, |_, variables| variables).await
    }

    /// The same, but each service and relay is told what `told` makes of the endpoint and of what it would be
    /// told otherwise.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn start_told(
        logs: impl AsRef<Path>,
        aws: Aws,
        relays: Relays,
        told: impl Fn(&str, Variables) -> Variables,
    ) -> anyhow::Result<Self> {
        let variables =
            |service: &str, endpoint: &str| told(endpoint, settings::variables(service, endpoint));
        let logs = logs.as_ref();
        drop(std::fs::remove_dir_all(logs));
        std::fs::create_dir_all(logs)?;
        let (mut aws, endpoint) = match aws {
            Aws::Local => local_aws(logs)?,
            Aws::Ministack(target) => ministack::process(&target, logs)?,
        };
        aws.start().await?;
        let sdk = settings::sdk_config(&endpoint).await?;
        let (mut customers, customers_url) = service("customers", variables("customers", &endpoint), logs)?;
        let (mut orders, orders_url) = service("orders", variables("orders", &endpoint), logs)?;
        let told = variables("notifications", &endpoint);
        let (mut notifications, _) = service("notifications", told, logs)?;
        tokio::try_join!(customers.start(), orders.start(), notifications.start())?;
        let relays = start_relays(relays, &endpoint, &sdk, logs, variables).await?;
        let addresses = Addresses { customers: customers_url, orders: orders_url, sdk };
        Ok(Self { customers, orders, notifications, relays, addresses, logs: logs.to_owned(), aws })
    }
}

impl Host for Processes {
    fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.customers.terminate().await?;
        self.orders.terminate().await?;
        self.notifications.terminate().await?;
        for relay in &mut self.relays {
            relay.terminate().await?;
        }
        self.aws.terminate().await
    }
}

async fn start_relays(
    relays: Relays,
    endpoint: &str,
    sdk: &SdkConfig,
    logs: &Path,
    variables: impl Fn(&str, &str) -> Variables,
) -> anyhow::Result<Vec<Process>> {
    let program = binaries::find("outbox-relay")?;
    let services = super::publishers();
    if let Relays::Lambda = relays {
        let zip = lambda::zip(&program, logs)?;
        for service in services {
            lambda::deploy(service, &zip, endpoint, sdk).await?;
        }
        return Ok(Vec::new());
    }
    let mut started = Vec::new();
    for service in services {
        let (name, table) = (format!("relay-of-{service}"), format!("{service}-outbox"));
        let arguments = ["tail", "--table", &table];
        let mut relay = Process::new(&name, &program, &arguments, variables(service, endpoint), logs);
        relay.start().await?;
        started.push(relay);
    }
    Ok(started)
}

fn local_aws(logs: &Path) -> anyhow::Result<(Process, String)> {
    let port = free_port()?.to_string();
    let endpoint = format!("http://127.0.0.1:{port}");
    let program = binaries::find("local-aws")?;
    let process = Process::new("local-aws", &program, &["--port", &port], Vec::new(), logs);
    Ok((process.healthy_at(format!("{endpoint}/_local/health")), endpoint))
}

fn service(name: &str, mut variables: Variables, logs: &Path) -> anyhow::Result<(Process, String)> {
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    variables.push(("PORT".to_owned(), port.to_string()));
    let process = Process::new(name, &binaries::find(name)?, &[], variables, logs);
    Ok((process.healthy_at(format!("{url}/{name}/health")), url))
}
