//! Both services, both relays and, unless an endpoint is given, AWS itself, started and stopped together.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use aws_types::SdkConfig;
use local_aws::LocalAws;
use outbox_relay::{RelaySettings, tail};
use service_kit::{Environment, ServiceSettings};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use transactional_messaging::ambient::Ambient;

/// The running system.
pub(crate) struct System {
    pub(crate) customers_url: String,
    pub(crate) orders_url: String,
    /// Where AWS is, in words.
    pub(crate) aws: String,
    sdk: SdkConfig,
    endpoint: String,
    parts: Vec<Part>,
    orders_relay: Option<Part>,
    /// Stops when it is dropped, so it is kept until the end.
    _embedded: Option<LocalAws>,
}

/// The ports of the services; 0 is any free one.
pub(crate) struct Ports {
    pub(crate) customers: u16,
    pub(crate) orders: u16,
}

/// Something that runs until it is told to stop.
struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl System {
    /// Starts everything; services first, so that tables, topics and subscriptions exist before anybody can place an order.
    pub(crate) async fn start(ports: Ports) -> anyhow::Result<Self> {
        let (endpoint, embedded) = match std::env::var("AWS_ENDPOINT_URL") {
            Ok(endpoint) if !endpoint.trim().is_empty() => (endpoint, None),
            _ => {
                let aws = LocalAws::start().await.context("the embedded aws did not start")?;
                (aws.endpoint_url().to_owned(), Some(aws))
            }
        };
        let kind = if embedded.is_some() { "embedded, in memory" } else { "from AWS_ENDPOINT_URL" };
        let of_customers = environment("customers", &endpoint);
        let settings = ServiceSettings::read(of_customers, customers::service::TABLE_VARIABLE)?;
        let mut system = Self {
            customers_url: String::new(),
            orders_url: String::new(),
            aws: format!("{endpoint}   {kind}"),
            sdk: service_kit::sdk_config(&settings.base).await,
            endpoint,
            parts: Vec::new(),
            orders_relay: None,
            _embedded: embedded,
        };
        system.start_customers(settings, ports.customers).await?;
        system.start_orders(ports.orders).await?;
        let relay = system.start_relay("customers").await?;
        system.parts.push(relay);
        system.resume_orders_relay().await?;
        Ok(system)
    }

    /// Stops the relay of the orders service: its messages wait in the outbox.
    pub(crate) async fn pause_orders_relay(&mut self) {
        if let Some(relay) = self.orders_relay.take() {
            relay.end().await;
        }
    }

    /// Starts the relay of the orders service again.
    pub(crate) async fn resume_orders_relay(&mut self) -> anyhow::Result<()> {
        self.orders_relay = Some(self.start_relay("orders").await?);
        Ok(())
    }

    /// Stops everything, each part after what it has begun.
    pub(crate) async fn stop(mut self) {
        self.pause_orders_relay().await;
        for part in &self.parts {
            part.stop.cancel();
        }
        for part in self.parts {
            part.end().await;
        }
    }

    async fn start_customers(&mut self, settings: ServiceSettings, port: u16) -> anyhow::Result<()> {
        let (listener, url) = listen("customers", port).await?;
        let sdk = self.sdk.clone();
        let part = Part::start("customers", |stop| async move {
            customers::service::run(&settings, &sdk, Ambient::system(), listener, stop).await
        });
        self.parts.push(part.when_healthy(&url, "customers").await?);
        self.customers_url = url;
        Ok(())
    }

    async fn start_orders(&mut self, port: u16) -> anyhow::Result<()> {
        let settings = orders::service::Settings::read(environment("orders", &self.endpoint))?;
        let (listener, url) = listen("orders", port).await?;
        let sdk = self.sdk.clone();
        let part = Part::start("orders", |stop| async move {
            orders::service::run(&settings, &sdk, Ambient::system(), listener, stop).await
        });
        self.parts.push(part.when_healthy(&url, "orders").await?);
        self.orders_url = url;
        Ok(())
    }

    async fn start_relay(&self, service: &str) -> anyhow::Result<Part> {
        let settings = RelaySettings::read(environment(service, &self.endpoint))?;
        let relay = outbox_relay::relay(&self.sdk, &settings, Ambient::system());
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.sdk);
        let streams = aws_sdk_dynamodbstreams::Client::new(&self.sdk);
        let sdk = self.sdk.clone();
        Ok(Part::start("relay", |stop| async move {
            let (owner, tailing) = (Ambient::system().id(), tail::TailSettings::nearby());
            outbox_relay::provision(&sdk, &settings, owner, &stop).await?;
            tail::run(relay, &dynamodb, streams, &settings.outbox_table, tailing, owner, stop).await;
            Ok(())
        }))
    }
}

impl Part {
    fn start<F: Future<Output = anyhow::Result<()>> + Send + 'static>(
        name: &'static str,
        run: impl FnOnce(CancellationToken) -> F,
    ) -> Self {
        let stop = CancellationToken::new();
        Self { name, task: tokio::spawn(run(stop.clone())), stop }
    }

    /// Waits until the service answers, or fails with what made it end before.
    async fn when_healthy(mut self, url: &str, service: &str) -> anyhow::Result<Self> {
        let health = format!("{url}/{service}/health");
        tokio::select! {
            ended = &mut self.task => {
                ended.context("the service panicked")?.with_context(|| format!("{service} did not start"))?;
                anyhow::bail!("{service} ended before it was asked to")
            }
            answer = reqwest::get(&health) => {
                answer.and_then(reqwest::Response::error_for_status).with_context(|| format!("{health} does not answer"))?;
            }
        }
        Ok(self)
    }

    async fn end(self) {
        self.stop.cancel();
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(part = self.name, error = format!("{error:#}"), "part_failed"),
            Err(error) => tracing::error!(part = self.name, %error, "part_panicked"),
        }
    }
}

async fn listen(service: &str, port: u16) -> anyhow::Result<(TcpListener, String)> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = bound.with_context(|| {
        format!("port {port} of {service} is taken; choose another with --{service}-port")
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// The environment of one service: what the shop decides, and for the rest the process's own.
fn environment(service: &str, endpoint: &str) -> Environment {
    let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
    let mut variables = vec![
        ("ENVIRONMENT", "development".to_owned()),
        ("AWS_REGION", region),
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("DYNAMODB_CUSTOMERS_TABLE_NAME", "customers".to_owned()),
        ("DYNAMODB_ORDERS_TABLE_NAME", "orders".to_owned()),
        ("DYNAMODB_INBOX_TABLE_NAME", format!("{service}-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME", format!("{service}-outbox")),
        ("SENT_TABLE_NAME", format!("{service}-sent")),
    ];
    for name in [
        "AWS_SNS_TOPIC_PREFIX",
        "AWS_SQS_QUEUE_NAME_PREFIX",
        "MESSAGING_FIFO",
        "INBOX_RETENTION_DAYS",
        "SENT_RETENTION_DAYS",
        "ORDER_TIMEOUT_SECONDS",
        "ORDER_TIMEOUT_CHECK_SECONDS",
    ] {
        variables.extend(std::env::var(name).ok().map(|value| (name, value)));
    }
    variables.into_iter().collect()
}
