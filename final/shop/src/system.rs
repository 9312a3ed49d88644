//! All services, their relays and, unless an endpoint is given, AWS itself, started and stopped together.
//!
//! Each part is a [`Process`]: it can die and be started again while the others go on.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, anyhow};
use aws_types::SdkConfig;
use futures::future::{FutureExt as _, join_all};
use live_page::{Hub, Outage, Process, Role};
use local_aws::LocalAws;
use outbox_relay::{RelaySettings, tail};
use service_kit::{BaseSettings, Environment};
use shop::{Registered, SERVICES};
use tokio::{net::TcpListener, task::AbortHandle};
use transactional_messaging::ambient::Ambient;

/// The service whose relay the demo pauses.
const ORDERS: &str = "orders";

/// Variables that services are told beside those that the shop decides on.
pub(crate) type Told = Vec<(&'static str, String)>;

/// The running system.
pub(crate) struct System {
    pub(crate) urls: BTreeMap<&'static str, String>,
    /// Where AWS is, in words.
    pub(crate) aws: String,
    pub(crate) sdk: SdkConfig,
    base: BaseSettings,
    pub(crate) endpoint: String,
    /// What services are told beside what the shop decides.
    pub(crate) told: Told,
    pub(crate) parts: Vec<Arc<Process>>,
    pub(crate) outage: Outage,
    /// What goes on, for the live page.
    pub(crate) hub: Arc<Hub>,
    /// Stops when it is dropped, so it is kept until the end.
    pub(crate) embedded: Option<Embedded>,
}

/// An AWS of one's own, and the task that watches it.
pub(crate) struct Embedded {
    aws: LocalAws,
    watching: Option<AbortHandle>,
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.watching.iter().for_each(AbortHandle::abort);
    }
}

impl System {
    /// Starts everything; services first, so that tables, topics and subscriptions exist before anybody can
    /// place an order.
    ///
    /// Each service listens on the port that `port` gives for its name; 0 is any free one. Only what is
    /// watched can be shown on a page; watching costs some time of every call. `told` is what services are
    /// told beside what the shop decides.
    pub(crate) async fn start(port: impl Fn(&str) -> u16, watched: bool, told: Told) -> anyhow::Result<Self> {
        let hub = Hub::new(live_page::now);
        let (endpoint, embedded) = match std::env::var("AWS_ENDPOINT_URL") {
            Ok(endpoint) if !endpoint.trim().is_empty() => (endpoint, None),
            _ => {
                let aws = LocalAws::start().await.context("the embedded aws did not start")?;
                let watching = watched.then(|| tokio::spawn(hub.clone().watch(aws.watch())).abort_handle());
                (aws.endpoint_url().to_owned(), Some(Embedded { aws, watching }))
            }
        };
        let kind = if embedded.is_some() { "embedded, in memory" } else { "from AWS_ENDPOINT_URL" };
        let base = environment("", &endpoint, &told).read(BaseSettings::read)?;
        let mut system = Self {
            urls: BTreeMap::new(),
            aws: format!("{endpoint}   {kind}"),
            sdk: service_kit::sdk_config(&base).await,
            base,
            endpoint,
            told,
            parts: Vec::new(),
            outage: Outage::default(),
            hub,
            embedded,
        };
        for service in SERVICES {
            system.start_service(service, port(service.name)).await?;
        }
        // A service that only consumes has no outbox.
        for service in SERVICES.iter().filter(|service| service.publishes()) {
            system.start_relay(service.name)?;
        }
        Ok(system)
    }

    /// Where a service answers.
    pub(crate) fn url(&self, service: &str) -> &str {
        self.urls.get(service).map_or("", String::as_str)
    }

    /// The mails that the embedded AWS has taken; none with another AWS, which shows them to nobody.
    pub(crate) fn mails(&self) -> Option<Vec<local_aws::Mail>> {
        self.embedded.as_ref().map(|embedded| embedded.aws.mails())
    }

    /// Where the mails are, in words.
    pub(crate) fn mails_url(&self) -> String {
        match &self.embedded {
            Some(embedded) => format!("{}/_local/mails", embedded.aws.endpoint_url()),
            None => "where Amazon SES of that AWS sends them".to_owned(),
        }
    }

    /// Stops the relay of the orders service: its messages wait in the outbox.
    pub(crate) async fn pause_orders_relay(&self) {
        if let Some(relay) = self.orders_relay() {
            relay.stop().await;
        }
    }

    /// Starts the relay of the orders service again.
    pub(crate) fn resume_orders_relay(&self) -> anyhow::Result<()> {
        self.orders_relay().map(|relay| relay.start()).transpose().context("the relay did not start")?;
        Ok(())
    }

    fn orders_relay(&self) -> Option<&Arc<Process>> {
        let name = relay_of(ORDERS);
        self.parts.iter().find(|part| part.name == name)
    }

    /// Stops everything, each part after what it has begun.
    pub(crate) async fn stop(self) {
        join_all(self.parts.iter().map(|part| part.stop())).await;
    }

    async fn start_service(&mut self, service: Registered, port: u16) -> anyhow::Result<()> {
        let name = service.name;
        environment(name, &self.endpoint, &self.told).read(service.configure)?;
        let (listener, url) = listen(name, port).await?;
        let address = listener.local_addr()?;
        // Bound here, so that a port that is taken is told of at once; after a crash it is bound anew.
        let first = Mutex::new(Some(listener));
        let (base, endpoint, told) = (self.base.clone(), self.endpoint.clone(), self.told.clone());
        let part = Process::new(name, Role::Service, &self.outage, move |gate, stop| {
            let listener = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let configured = environment(name, &endpoint, &told).read(service.configure);
            let base = base.clone();
            async move {
                let listener = match listener {
                    Some(listener) => listener,
                    None => TcpListener::bind(address).await?,
                };
                let sdk = gate.config(service_kit::sdk_config(&base).await);
                Ok(configured?.run(sdk, Ambient::system(), listener, stop).await?)
            }
            .boxed()
        });
        until_healthy(&part, &url, name).await?;
        self.parts.push(Arc::new(part));
        self.urls.insert(name, url);
        Ok(())
    }

    fn start_relay(&mut self, service: &str) -> anyhow::Result<()> {
        let settings = RelaySettings::read(environment(service, &self.endpoint, &self.told))?;
        let part = Process::new(relay_of(service), Role::Relay, &self.outage, move |gate, stop| {
            let settings = settings.clone();
            async move {
                let sdk = gate.config(service_kit::sdk_config(&settings.base).await);
                let relay = outbox_relay::relay(&sdk, &settings, Ambient::system());
                let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
                let streams = aws_sdk_dynamodbstreams::Client::new(&sdk);
                let (owner, tailing) = (Ambient::system().id(), tail::TailSettings::nearby());
                outbox_relay::provision(&sdk, &settings, owner, &stop).await?;
                tail::run(relay, &dynamodb, streams, &settings.outbox_table, tailing, owner, stop).await;
                Ok(())
            }
            .boxed()
        });
        part.start().context("the relay did not start")?;
        self.parts.push(Arc::new(part));
        Ok(())
    }
}

fn relay_of(service: &str) -> String {
    format!("{service} relay")
}

/// Waits until the service answers, or fails with what made it end before.
async fn until_healthy(part: &Process, url: &str, service: &str) -> anyhow::Result<()> {
    let ended = part.start().with_context(|| format!("{service} did not start"))?;
    let health = format!("{url}/{service}/health");
    tokio::select! {
        ended = ended => match ended {
            Ok(Err(error)) => Err(anyhow!(error)).with_context(|| format!("{service} did not start")),
            Ok(Ok(())) => Err(anyhow!("{service} ended before it was asked to")),
            Err(_) => Err(anyhow!("{service} panicked")),
        },
        answer = reqwest::get(&health) => {
            let answer = answer.and_then(reqwest::Response::error_for_status);
            answer.map(drop).with_context(|| format!("{health} does not answer"))
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
pub(crate) fn environment(service: &str, endpoint: &str, told: &[(&'static str, String)]) -> Environment {
    let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
    let mut variables = vec![
        ("ENVIRONMENT", "development".to_owned()),
        ("AWS_REGION", region),
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("DYNAMODB_CUSTOMERS_TABLE_NAME", "customers".to_owned()),
        ("DYNAMODB_ORDERS_TABLE_NAME", "orders".to_owned()),
        ("DYNAMODB_NOTIFICATIONS_TABLE_NAME", "notifications".to_owned()),
        ("DYNAMODB_INBOX_TABLE_NAME", format!("{service}-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME", format!("{service}-outbox")),
        ("SENT_TABLE_NAME", format!("{service}-sent")),
    ];
    for name in [
        "AUTH",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "JWT_JWKS",
        "JWT_JWKS_FILE",
        "JWT_JWKS_URL",
        "AWS_SNS_TOPIC_PREFIX",
        "AWS_SQS_QUEUE_NAME_PREFIX",
        "MESSAGING_FIFO",
        "INBOX_RETENTION_DAYS",
        "INBOX_GENERATIONS",
        "SENT_RETENTION_DAYS",
        "ORDER_TIMEOUT_SECONDS",
        "ORDER_TIMEOUT_CHECK_SECONDS",
        "MAIL_FROM",
        "MAIL_IN_DOUBT",
        "MAIL_CHECK_SECONDS",
        "MAIL_PROVIDER_URL",
        "MAIL_PROVIDER_TOKEN",
    ] {
        variables.extend(std::env::var(name).ok().map(|value| (name, value)));
    }
    variables.extend_from_slice(told);
    variables.into_iter().collect()
}
